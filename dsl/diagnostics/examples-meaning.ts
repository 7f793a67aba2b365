// Examples for P1xx and beyond: names, types, phases, detectors, operation.
import { detector, named, policy, when, type CodeExample } from './example-entry.ts'

const REFUSE = ['on   request', 'deny "acme.refused"'] as const
const NUMBER = detector('pattern /\\d{4}/')
const LETTERS = 'detector letters {\n  pattern /[a-z]{9}/\n}\n'

export const MEANING_EXAMPLES: readonly CodeExample[] = [
  {
    code: 'P101',
    bad: policy(...REFUSE) + policy('on   request', 'warn "acme.seen"'),
    good: policy(...REFUSE) + named('acme.other', 'on   request', 'warn "acme.seen"'),
  },
  { code: 'P102', bad: `import acme.nothing as nothing\n${policy(...REFUSE)}`, good: policy(...REFUSE) },
  {
    code: 'P103',
    bad: `${policy(...REFUSE)}test "all are refused" {\n  expect policy acme.rul fires\n}\n`,
    good: `${policy(...REFUSE)}test "all are refused" {\n  expect policy acme.rule fires\n}\n`,
  },
  { code: 'P104', bad: when('tenant.regoin == "eu"'), good: when('tenant.region == "eu"') },
  { code: 'P105', bad: NUMBER + when('prompt contains nubmer'), good: NUMBER + when('prompt contains number') },
  { code: 'P106', bad: policy('on    request', 'block "acme.refused"'), good: policy('on   request', 'deny "acme.refused"') },
  {
    code: 'P107',
    bad: policy('on    request', 'limit tokens to 5k'),
    good: policy('on    request', 'limit tokens to 5k per day by tenant.id'),
  },
  {
    code: 'P108',
    bad: policy('on    request', 'limit tokens to 5k per year by tenant.id'),
    good: policy('on    request', 'limit tokens to 5k per month by tenant.id'),
  },
  { code: 'P109', bad: detector('list terms'), good: `list terms = ["blue", "green"]\n${detector('list terms')}` },
  { code: 'P110', bad: when('tenant.tags == "health"'), good: when('tenant.tags has "health"') },
  { code: 'P111', bad: NUMBER + when('number == "1234"'), good: NUMBER + when('prompt contains number') },
  { code: 'P112', bad: when('feature.pii == "scurb"'), good: when('feature.pii == "scrub"') },
  { code: 'P113', bad: policy('deny "acme.refused"'), good: policy(...REFUSE) },
  {
    code: 'P114',
    bad: policy('on   request', 'when request.stream', 'when request.tokens > 5', 'deny "acme.refused"'),
    good: policy('on   request', 'when request.stream and request.tokens > 5', 'deny "acme.refused"'),
  },
  {
    code: 'P115',
    bad: policy('on       request', 'severity high'),
    good: policy('on       request', 'severity high', 'deny     "acme.refused"'),
  },
  { code: 'P116', bad: policy('on   request', 'deny "quota_exceeded"'), good: policy('on   request', 'deny "acme.quota"') },
  {
    code: 'P117',
    bad: policy('on       request', 'deny     "acme.refused"', 'on error allow'),
    good: policy('on       request', 'deny     "acme.refused"', 'on error deny "acme.failed"'),
  },
  { code: 'P118', bad: detector('score 0.5'), good: NUMBER },
  { code: 'P119', bad: detector('pattern /\\d{16}/', 'check   luhm'), good: detector('pattern /\\d{16}/', 'check   luhn') },
  { code: 'P120', bad: when('tenant.region != "eu"'), good: when('tenant.region exists and tenant.region != "eu"') },
  { code: 'P121', bad: when('tenant.id exists'), good: when('tenant.region exists') },
  {
    code: 'P122',
    bad: policy('on    request', 'limit requests to 5 per day by user.id'),
    good: policy('on    request', 'when  user.id exists', 'limit requests to 5 per day by user.id'),
  },
  {
    code: 'P123',
    bad: policy('on   request', 'when request.user == "root"', 'allow'),
    good: policy('on   request', 'when user.id == "root"', 'allow'),
  },
  {
    code: 'P124',
    bad: `${NUMBER}detector any_number {\n  any   number\n  check luhn\n}\n`,
    good: `${NUMBER}detector any_number {\n  any   number\n}\n`,
  },
  { code: 'P130', bad: when('target.zone == "us"'), good: policy('on   target', 'when target.zone == "us"', 'deny "acme.refused"') },
  { code: 'P131', bad: policy('on    target', 'route to secure'), good: policy('on    request', 'route to secure') },
  {
    code: 'P140',
    bad: NUMBER + policy('on   stream', 'when not (completion contains number)', 'warn "acme.seen"'),
    good: NUMBER + policy('on     response', 'when   not (completion contains number)', 'buffer completion', 'warn   "acme.seen"'),
  },
  {
    code: 'P141',
    bad: NUMBER + LETTERS + policy('on     stream', 'when   completion contains letters', 'redact number in completion'),
    good: NUMBER + policy('on     stream', 'when   completion contains number', 'redact number in completion'),
  },
  { code: 'P201', bad: detector('pattern  /\\d{4}/', 'examples "12"'), good: detector('pattern  /\\d{4}/', 'examples "1234"') },
  { code: 'P202', bad: detector('pattern /\\d{4}/', 'never   "1234"'), good: detector('pattern /\\d{4}/', 'never   "12"') },
  {
    code: 'P203',
    bad: detector('pattern  /(?:a{1,9}){1,30}b/', 'never    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"'),
    good: detector('pattern  /a{1,99}b/', 'never    "aaaaaaaaaaaaaaaaaaaaaaaaaaaa"'),
  },
  {
    code: 'P203',
    bad: detector('pattern  /(?:\\w{1,9} ?){1,99}!/', `examples "${'a'.repeat(60)}"`),
    good: detector('pattern  /\\w{1,99}!/', 'examples "hello!"'),
  },
  { code: 'P210', bad: detector('pattern /(?=a)\\d{4}/'), good: NUMBER },
  {
    code: 'P500',
    bad: policy('on       request', 'owner    "security@acme.example"', 'deny     "acme.refused"', 'on error allow'),
    good: policy('on       request', 'owner    "security@acme.example"', 'deny     "acme.refused"'),
  },
]
