// Says in one line that the Node at hand is too old, in syntax that any Node can read: an old one could not even parse our own files.
'use strict'
var needed = [22, 19]

module.exports = function requireNode() {
  var have = process.versions.node.split('.').map(Number)
  if (have[0] > needed[0] || (have[0] === needed[0] && have[1] >= needed[1])) return
  console.error(
    'sallyport needs Node.js ' +
      needed.join('.') +
      ' or newer, and this is ' +
      process.versions.node +
      '. ' +
      'In the repository, `npm ci` installs a Node of its own for `npm start`, `npm test` and `npm run -s sallyport --` (do not omit optional ' +
      'dependencies); elsewhere, install Node 24.',
  )
  process.exit(2)
}
