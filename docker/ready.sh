#!/bin/bash
# The health check of a service's container: the process is alive and ready. One that is degraded because another
# service is gone, or that must not trade, is healthy all the same: to restart it would help nobody.
# In bash alone: on a busy machine, starting Node for it every few seconds costs more than the service itself.
port=${TICKPATH_HEALTH_PORT:?}
exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
printf 'GET /readyz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' >&3
read -r -t 5 _ status _ <&3
[ "$status" = 200 ] && exit
echo "127.0.0.1:$port/readyz answered ${status:-nothing}"
exit 1
