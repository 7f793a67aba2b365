// `npm start`: the gateway, which ends when npm is ended. npm runs a script through a shell that dies of a signal and passes none on, and
// `exec`, which would take its place, is no word of the shell on Windows; so the gateway looks whether its parent is still there.
'use strict'
require('../bin/require-node.cjs')()

var LOOK_EVERY_MS = 500
var parent = process.ppid
var watch = setInterval(function () {
  if (process.ppid !== parent) process.kill(process.pid, 'SIGTERM')
}, LOOK_EVERY_MS)
watch.unref()

// Whoever ends the gateway itself, as Ctrl-C does, often ends the shell too; a second signal would cut the draining short.
;['SIGINT', 'SIGTERM'].forEach(function (signal) {
  process.once(signal, function () {
    clearInterval(watch)
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
  })
})

process.argv[1] = require('path').join(__dirname, '..', 'bin', 'sallyport.cjs')
require(process.argv[1])
