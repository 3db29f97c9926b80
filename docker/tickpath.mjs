#!/usr/bin/env node
// The CLI in the image. bin/tickpath would look for the toolchain and the installed packages first: both are here.
import { main } from '../bin/cli/src/main.ts';

process.exit(await main(process.argv.slice(2)));
