// Prints what detection costs with the standard detectors: scan rates, one chat message, one token of a stream, and how much text an idle
// stream holds back. Run: node bench/detect.ts
import { scanText } from '../core/detect/scan.ts'
import { DetectorSet } from '../core/detect/detectors.ts'
import { DetectorStream } from '../core/detect/stream.ts'
import { ALL, checks, specs, standardDetection } from '../test/unit/detect/standard.ts'
import { proseOf, tokensOf } from '../test/unit/detect/prose.ts'

const MEGABYTE = 1 << 20

function medianMs(rounds: number, run: () => void): number {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now()
    run()
    return performance.now() - start
  }).sort((a, b) => a - b)
  return times[rounds >> 1]!
}

const line = (name: string, value: string): void => console.log(name.padEnd(44) + value)

const started = performance.now()
const detection = standardDetection()
line('prepare the standard detectors', `${(performance.now() - started).toFixed(1)} ms`)

const set = new DetectorSet(
  detection
    .members('standard.detectors.personal')
    .concat(detection.members('standard.detectors.secret'))
    .map((name) => specs.find((spec) => spec.name === name)!),
  checks,
)
const prose = proseOf(1, MEGABYTE)
const texts: readonly (readonly [string, string])[] = [
  ['ordinary prose', prose],
  ['prose with a finding every 200 characters', prose.replaceAll(/(.{200})/gs, '$1 jo@example.com ')],
  ['a megabyte of one letter', 'a'.repeat(MEGABYTE)],
  ['a megabyte of one digit', '7'.repeat(MEGABYTE)],
  ['digits with spaces', '4 '.repeat(MEGABYTE / 2)],
  ['hostile: a@a.a.a.', 'a@a.a.'.repeat(MEGABYTE / 6)],
  ['hostile: key heads', '-----BEGIN PRIVATE KEY-----AAAA'.repeat(MEGABYTE / 31)],
  ['hostile: eyJeyJ', 'eyJ-'.repeat(MEGABYTE / 4)],
]
for (const [name, text] of texts) {
  const ms = medianMs(3, () => void scanText(set, text))
  line(name, `${(text.length / MEGABYTE / (ms / 1000)).toFixed(0)} MB/s (${ms.toFixed(1)} ms)`)
}

const message = prose.slice(5000, 6024)
line(
  'one message of 1 KB',
  `${medianMs(9, () => {
    for (let i = 0; i < 1000; i++) scanText(set, message)
  }).toFixed(2)} µs`,
)
const conversation = Array.from({ length: 50 }, (_, i) => prose.slice(i * 400, i * 400 + 300))
void detection.scan(conversation, ALL, 1000)
void (await detection.scan(conversation, ALL, 1000))
line(
  '50 known messages of 300 B',
  `${medianMs(9, () => {
    for (let i = 0; i < 1000; i++) void detection.scan(conversation, ALL, 1000)
  }).toFixed(2)} µs`,
)

const tokens = tokensOf(prose.slice(0, 100_000))
let held = 0
let most = 0
let chunks = 0
const ms = medianMs(5, () => {
  const stream = new DetectorStream(set)
  for (const token of tokens) {
    stream.push(token)
    held += stream.held
    chunks++
    if (stream.held > most) most = stream.held
  }
})
line('one token of a stream', `${((ms * 1000) / tokens.length).toFixed(2)} µs (${(100_000 / tokens.length).toFixed(1)} characters)`)
line('held back in ordinary prose', `${(held / chunks).toFixed(1)} characters on average, ${most} at most`)
line('rows of the automaton', String(set.automaton.table.size))
await detection.close()
