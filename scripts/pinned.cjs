// Runs a TypeScript file, or says in one line why the Node at hand cannot: `node scripts/pinned.cjs test/run.ts`.
'use strict'
require('../bin/require-node.cjs')()

var file = require('path').resolve(process.argv[2])
process.argv.splice(1, 2, file)
require(file)
