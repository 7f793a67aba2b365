// Prints what failed at once, what did not run with its reason, and leaves the numbers for `test/run.ts`. Passing tests stay quiet.
'use strict'
const { writeFileSync } = require('node:fs')
const { reporters } = require('mocha')

module.exports = class Reporter extends reporters.Base {
  constructor(runner, options) {
    super(runner, options)
    runner.on('fail', (test) => console.log(`  ✗ ${test.fullTitle()}`))
    runner.on('pending', (test) => console.log(`  – not run: ${test.fullTitle()}`))
    runner.once('end', () => {
      if (this.failures.length > 0) reporters.Base.list(this.failures)
      const { passes, failures, pending, duration } = this.stats
      if (process.env.SALLYPORT_TEST_STATS)
        writeFileSync(process.env.SALLYPORT_TEST_STATS, JSON.stringify({ passes, failures, pending, duration }))
      // What a failed test has left open keeps nobody waiting; after one that passed it is a fault, which the time limit of the group tells.
      if (failures > 0) setTimeout(() => process.exit(1), 5000).unref()
    })
  }
}
