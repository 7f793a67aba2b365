// Examples for what reaches beyond one policy: elements of quantifiers, exceptions, lists from files, overlays, tests and declared attributes.
import { detector, policy, when, type CodeExample } from './example-entry.ts'

const EXCEPTION = ['when   user.roles has "fraud-analyst"', 'until  2099-03-31', 'ticket "SEC-1482"', 'owner  "fraud-lead@acme.example"']
const RULE = policy('on   request', 'when request.tokens > 5000', 'deny "acme.refused"')
const PARAM = 'param daily : number = 200k max 1M\n'
const LIMIT = policy('on    request', 'limit tokens to daily per day by tenant.id')
const NUMBER = detector('pattern /\\d{4}/')
const CASE = 'attribute metadata.case_id : text?\n'

const exception = (clauses: readonly string[]): string => `exception "the fraud desk" to acme.rule {\n  ${clauses.join('\n  ')}\n}\n`
const overlay = (name: string, tenant: string, value: string): string =>
  `overlay ${name} for tenant "${tenant}" {\n  param daily = ${value}\n}\n`
const test = (title: string): string => `test "${title}" {\n  given  request.tokens = 6000\n  expect policy acme.rule fires\n}\n`

const MANY = Array.from({ length: 150 }, (_, i) => `${i}`)
const LIMITS = MANY.map((i) => LIMIT.replace('acme.rule', `acme.rule${i}`)).join('')

export const LANGUAGE_EXAMPLES: readonly CodeExample[] = [
  {
    code: 'P125',
    bad: when('some tenant in request.tools where (tenant.writes)'),
    good: when('some tool in request.tools where (tool.writes)'),
  },
  { code: 'P126', bad: RULE + exception(EXCEPTION.slice(0, 2)), good: RULE + exception(EXCEPTION) },
  {
    code: 'P127',
    bad: `list terms from "tersm.txt"\n${detector('list terms')}`,
    good: `list terms from "terms.txt"\n${detector('list terms')}`,
    files: { 'terms.txt': '# what we look for\nblue\ngreen\n' },
  },
  {
    code: 'P128',
    bad: PARAM + LIMIT + overlay('acme_bank', 'acme-bank', '2M'),
    good: PARAM + LIMIT + overlay('acme_bank', 'acme-bank', '50k'),
  },
  {
    code: 'P129',
    bad: PARAM + LIMIT + overlay('acme_bank', 'acme-bank', '50k') + overlay('small', 'acme-bank', '10k'),
    good: PARAM + LIMIT + overlay('acme_bank', 'acme-bank', '50k') + overlay('small', 'acme-shop', '10k'),
  },
  { code: 'P132', bad: RULE + test('a long request') + test('a long request'), good: RULE + test('a long request') + test('a longer one') },
  {
    code: 'P133',
    bad: policy('on  request', 'cap request.tokens at 1024'),
    good: policy('on  request', 'cap request.max_tokens at 1024'),
  },
  { code: 'P134', bad: CASE.replace('metadata', 'metdata'), good: CASE + when('metadata.case_id == "7"') },
  {
    code: 'P135',
    bad: when('some a in request.tools where (some b in request.tools where (some c in request.tools where (a.name != c.name)))'),
    good: when('some a in request.tools where (some b in request.tools where (a.name != b.name))'),
  },
  {
    code: 'P136',
    bad: PARAM + LIMITS + MANY.map((i) => overlay(`acme${i}`, `acme-${i}`, `${i}k`)).join(''),
    good: PARAM + LIMITS + overlay('acme', MANY.map((i) => `acme-${i}`).join('", "'), '50k'),
  },
  {
    code: 'P142',
    bad: NUMBER + policy('on   response', 'when completion contains number', 'deny "acme.refused"'),
    good: NUMBER + policy('on     response', 'when   completion contains number', 'deny   "acme.refused"', 'buffer completion'),
  },
  {
    code: 'P190',
    bad: policy('on   request', 'mode enforce for 25% by tenant.id', 'deny "acme.refused"'),
    good: policy('on   request', 'mode shadow', 'deny "acme.refused"'),
  },
]
