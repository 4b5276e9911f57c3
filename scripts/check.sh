#!/bin/sh
# Format, lint, types, house rules and unit tests, in well under a minute. Run it before every commit.
set -eu
cd "$(dirname "$0")/.."
[ -x node_modules/.bin/node ] || sh scripts/setup.sh
PATH="$PWD/node_modules/.bin:$PATH"
biome ci --colors=off --log-level=warn --diagnostic-level=warn .
tsc --noEmit -p .
node --disable-warning=ExperimentalWarning --test --test-concurrency=2 --test-reporter=dot 'test/house/*.test.ts' 'src/**/*.test.ts'
