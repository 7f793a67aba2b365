// Runs a TypeScript file, or says in one line why the Node at hand cannot: `node scripts/pinned.cjs test/run.ts`.
'use strict'
require('../bin/require-node.cjs')()

var path = require('path').resolve(process.argv[2])
process.argv.splice(1, 2, path)
var done = require('child_process').spawnSync(process.execPath, process.argv.slice(1), { stdio: 'inherit' })
process.exit(done.status === null ? 1 : done.status)
