# A Docker engine with Compose v2 and the images of the stack. Sourced by .ci/run; `unrun` takes what could not be had.

# Debian's client fits Debian's engine; another one earlier on the PATH may not.
docker=/usr/bin/docker
[ -x "$docker" ] || docker=$(command -v docker || echo docker)
offline_images=$PWD/../shared/tools/offline-images
engine_pid=

# Starts an engine if none answers. Fails with a line of why.
start_engine() {
  "$docker" version >/dev/null 2>&1 && return
  if [ "$(id -u)" -ne 0 ] || ! command -v dockerd >/dev/null; then
    unrun "the stack on Docker: no engine answers, and starting one takes root and dockerd"
    return 1
  fi
  dockerd >"$work/dockerd.log" 2>&1 &
  engine_pid=$!
  for _ in $(seq 60); do
    "$docker" version >/dev/null 2>&1 && return
    kill -0 "$engine_pid" 2>/dev/null || break
    sleep 1
  done
  unrun "the stack on Docker: dockerd does not start: $(tail -n 1 "$work/dockerd.log")"
  return 1
}

# Ends the engine that start_engine has begun, no other.
stop_engine() {
  [ -n "$engine_pid" ] || return
  kill "$engine_pid" 2>/dev/null
  wait "$engine_pid" 2>/dev/null
}

image_of() { # the image that docker-compose.yml names, by its beginning
  awk -v name="$1" '$1 == "image:" && index($2, name) == 1 { print $2; exit }' docker-compose.yml
}

has_image() {
  [ -n "$("$docker" image ls --quiet "$1")" ]
}

# Puts an image on the engine: made offline where the tool for that is, else from its registry. Fails if there is none.
provide_image() { # IMAGE COMMAND...
  local image=$1
  shift
  has_image "$image" && return
  if [ -x "$offline_images" ]; then
    [ $# -gt 0 ] && echo "making $image" && "$@" >"$work/image.log" 2>&1
  else
    echo "pulling $image" && timeout 300 "$docker" pull --quiet "$image" >"$work/image.log" 2>&1
  fi
  has_image "$image" && return
  [ -s "$work/image.log" ] && tail -n 3 "$work/image.log"
  return 1
}

# Debian's Alertmanager wants a template and a folder that Prometheus's image has as well.
make_alertmanager() { # IMAGE
  "$offline_images" binary "$1" "$(command -v prometheus-alertmanager)" || return
  printf 'FROM %s\nCOPY . /usr/share/prometheus/alertmanager\nRUN install -d -o 65534 -g 65534 /alertmanager\n' "$1" |
    DOCKER_BUILDKIT=0 "$docker" build --quiet --tag "$1" --file - /usr/share/prometheus/alertmanager
}

# Compose and the images. Fails if the stack cannot be built; a monitoring image that is missing is left out by the test.
provide_images() {
  if ! "$docker" compose version >/dev/null 2>&1 && [ -x "$offline_images" ]; then
    echo "building Compose v2"
    timeout 900 "$offline_images" compose >"$work/compose.log" 2>&1
  fi
  if ! "$docker" compose version >/dev/null 2>&1; then
    unrun "the stack on Docker: Compose v2 is not there"
    return 1
  fi
  local node prometheus alertmanager
  node=$(awk '$1 == "FROM" { print $2; exit }' docker/Dockerfile)
  prometheus=$(image_of prom/prometheus)
  alertmanager=$(image_of prom/alertmanager)
  if ! provide_image "$node" timeout 900 "$offline_images" node; then
    unrun "the stack on Docker: no image $node"
    return 1
  fi
  provide_image "$prometheus" timeout 900 "$offline_images" prometheus "${prometheus##*:}"
  provide_image "$alertmanager" make_alertmanager "$alertmanager"
  provide_image "$(image_of jaegertracing/jaeger)" timeout 900 "$offline_images" jaeger
  provide_image "$(image_of grafana/grafana)"
  return 0
}

# Prints where a Jaeger is that runs without an engine; fails if there is none.
jaeger_binary() {
  local binary=${OFFLINE_IMAGES_CACHE:-/var/cache/offline-images}/jaeger-2.13.0
  if [ -x "$binary" ]; then
    echo "$binary"
  else
    command -v jaeger
  fi
}
