// What is prepared before anybody waits for it: in small steps, and so that ordinary text brings nothing new.
import assert from 'node:assert/strict'
import { automatonOf } from '../../../core/detect/automaton.ts'
import { createDetection, ORDINARY, prepareDetection } from '../../../core/detect/index.ts'
import { nfaInSteps } from '../../../core/detect/nfa.ts'
import { groupUnits, symbolsInSteps } from '../../../core/detect/symbols.ts'
import { findCandidates } from '../../../core/detect/walk.ts'
import { detector } from './standard.ts'

const specs = Array.from({ length: 40 }, (_, i) =>
  detector(`d${String(i).padStart(2, '0')}`, { patterns: [`\\b[a-z]{${i + 1},60}@[${i}-z]+`, `[${i % 10}-9]{3}`] }),
)

describe('what is prepared for detectors', () => {
  it('groups the units of a text in steps, into what it groups them at once', () => {
    const build = nfaInSteps(specs)
    let built = build.next()
    while (!built.done) built = build.next()
    const steps = symbolsInSteps(built.value.sets, false)
    let count = 0
    let step = steps.next()
    for (; !step.done; step = steps.next()) count++
    assert.ok(count >= 5)
    assert.deepEqual(step.value, groupUnits(built.value.sets, false))
  })

  it('knows ordinary text when it is ready', async () => {
    await prepareDetection(specs)
    const detection = createDetection(specs, new Map(), { workers: 1 })
    const automaton = automatonOf(specs)
    const { work } = automaton
    assert.ok(work > 0)
    findCandidates(automaton, ORDINARY)
    assert.equal(automaton.work, work)
    await detection.close()
  })
})
