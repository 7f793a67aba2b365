// Examples for what is proven about policies that compile: P22x, P23x, P3xx, P4xx, P5xx.
import { detector, named, policy, when, type CodeExample } from './example-entry.ts'

const UNBOUNDED = detector('pattern /\\d+-\\d+/')
const BOUNDED = detector('pattern /\\d{1,9}-\\d{1,9}/')
const ON_STREAM = policy('on   response, stream', 'when completion contains number', 'redact number in completion')
const CRITICAL = ['severity critical', 'owner "security@acme.example"', 'on   request', 'deny "acme.refused"'] as const

/** Requests of a size are refused. */
const above = (id: string, tokens: number): string => named(id, 'on   request', `when request.tokens > ${tokens}`, 'deny "acme.refused"')
const stream = (id: string, condition: string, effect: string): string => named(id, 'on   request', `when ${condition}`, effect)
const until = (date: string): string =>
  `${policy('on   request', 'deny "acme.refused"')}exception "the boss may" to acme.rule {\n  when   user.roles has "boss"\n  until  ${date}\n  ticket "SEC-1"\n  owner  "security@acme.example"\n}\n`
const trial = (since: string): string =>
  policy('mode shadow', `since ${since}`, 'on   request', 'when request.stream', 'deny "acme.refused"')
const test = (outcome: string, given = ''): string =>
  `test "a request that is ${outcome}" {\n${given}  message user "hello"\n  expect policy acme.rule ${outcome}\n}\n`
const STREAMS = when('request.stream')
const FIRES = test('fires', '  given  request.stream = true\n')

export const PROOF_EXAMPLES: readonly CodeExample[] = [
  { code: 'P220', bad: detector('pattern /(?:\\d+ ?)+x/'), good: detector('pattern /\\d{1,9}x/') },
  { code: 'P221', bad: UNBOUNDED + ON_STREAM, good: BOUNDED + ON_STREAM },
  { code: 'P230', bad: BOUNDED + STREAMS, good: BOUNDED + when('prompt contains number') },
  { code: 'P231', bad: `list large = ["gpt-5"]\n${STREAMS}`, good: `list large = ["gpt-5"]\n${when('request.model in large')}` },
  { code: 'P300', bad: when('request.tokens > 500 and request.tokens < 300'), good: when('request.tokens > 300 and request.tokens < 500') },
  {
    code: 'P301',
    bad: when('request.model == "gpt-5" and (request.stream or request.model == "o3")'),
    good: when('request.model == "o3" or (request.model == "gpt-5" and request.stream)'),
  },
  { code: 'P310', bad: above('acme.large', 500) + above('acme.larger', 900), good: above('acme.large', 500) },
  {
    code: 'P311',
    bad: stream('acme.streams', 'request.stream', 'allow') + named('acme.closed', 'on   request', 'deny "acme.closed"'),
    good: stream('acme.streams', 'request.stream', 'allow') + stream('acme.closed', 'not request.stream', 'deny "acme.closed"'),
  },
  {
    code: 'P320',
    bad:
      stream('acme.cold', 'request.stream', 'set request.temperature to 0') +
      stream('acme.warm', 'request.tokens > 5', 'set request.temperature to 1'),
    good:
      stream('acme.cold', 'request.stream', 'set request.temperature to 0') +
      stream('acme.warm', 'not request.stream', 'set request.temperature to 1'),
  },
  {
    code: 'P321',
    bad: stream('acme.one', 'request.stream', 'route to model "one"') + stream('acme.two', 'request.tokens > 5', 'route to model "two"'),
    good: stream('acme.one', 'request.stream', 'route to model "one"') + stream('acme.two', 'not request.stream', 'route to model "two"'),
  },
  { code: 'P330', bad: when('request.model == "gpt\u200b-5"'), good: when('request.model == "gpt-5"') },
  { code: 'P331', bad: when('request.model == "gрt-5"'), good: when('request.model == "gpt-5"') },
  { code: 'P400', bad: STREAMS + test('silent'), good: STREAMS + FIRES + test('silent') },
  { code: 'P401', bad: STREAMS + FIRES, good: STREAMS + FIRES + test('silent') },
  { code: 'P402', bad: STREAMS, good: STREAMS + FIRES + test('silent') },
  { code: 'P501', bad: policy(...CRITICAL, 'on error warn "acme.unseen"'), good: policy(...CRITICAL, 'on error deny "acme.unseen"') },
  { code: 'P510', bad: until('2026-01-01'), good: until('2027-03-31') },
  { code: 'P511', bad: until('2026-12-01'), good: until('2027-03-31') },
  { code: 'P512', bad: trial('2026-09-01'), good: trial('2026-11-15') },
]

/** The day on which the examples are checked. */
export const EXAMPLE_DAY = '2026-11-21'
