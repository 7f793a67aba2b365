#!/usr/bin/env node
// The command. It checks the version of Node, then loads the program: TypeScript in the repository, JavaScript in the package.
'use strict'
require('./require-node.cjs')()

var path = require('path')
var source = path.join(__dirname, '..', 'core', 'main.ts')
require(require('fs').existsSync(source) ? source : path.join(__dirname, '..', 'core', 'main.js'))
