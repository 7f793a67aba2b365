// Examples for P0xx: text and grammar.
import { named, policy, when, type CodeExample } from './example-entry.ts'

const PLAN = 'when tenant.plan == "free"'

export const SYNTAX_EXAMPLES: readonly CodeExample[] = [
  { code: 'P001', bad: when('request.tokens @ > 5'), good: when('request.tokens > 5') },
  {
    code: 'P002',
    bad: policy('on   request', 'deny "acme.refused" "Not today.'),
    good: policy('on   request', 'deny "acme.refused" "Not today."'),
  },
  {
    code: 'P003',
    bad: policy('on   request', String.raw`deny "acme.refused" "not in C:\quotes"`),
    good: policy('on   request', String.raw`deny "acme.refused" "not in C:\\quotes"`),
  },
  {
    code: 'P004',
    bad: policy('on    request', 'limit tokens to 5q per day by tenant.id'),
    good: policy('on    request', 'limit tokens to 5k per day by tenant.id'),
  },
  {
    code: 'P005',
    bad: `${named('acme.closed', 'on   request', 'deny "acme.closed"')}exception "audit" to acme.closed {\n  when  user.roles has "auditor"\n  until 2030-02-30\n  ticket "SEC-1"\n  owner "audit@acme.example"\n}\n`,
    good: `${named('acme.closed', 'on   request', 'deny "acme.closed"')}exception "audit" to acme.closed {\n  when  user.roles has "auditor"\n  until 2030-02-28\n  ticket "SEC-1"\n  owner "audit@acme.example"\n}\n`,
  },
  { code: 'P006', bad: 'detector number {\n  pattern /\\d{4}\n}\n', good: 'detector number {\n  pattern /\\d{4}/\n}\n' },
  { code: 'P007', bad: when(`${'('.repeat(300)}request.stream${')'.repeat(300)}`), good: when('(request.stream)') },
  { code: 'P008', bad: 'policy acme.rule {\n  on nowhere\n}\n'.repeat(120), good: policy('on   request', 'deny "acme.refused"') },
  { code: 'P010', bad: 'param daily_tokens : number 200k\n', good: 'param daily_tokens : number = 200k\n' },
  { code: 'P011', bad: 'hello world\n', good: '# hello world\n' },
  { code: 'P012', bad: when('request.model in ["sim-chat", "sim-echo"'), good: when('request.model in ["sim-chat", "sim-echo"]') },
  { code: 'P013', bad: policy('on   request', 'deny'), good: policy('on   request', 'deny "acme.refused"') },
  { code: 'P014', bad: when('tenant.plan =='), good: when('tenant.plan == "free"') },
  {
    code: 'P015',
    bad: when('request.stream and request.tokens > 5 or request.has_references'),
    good: when('request.stream and (request.tokens > 5 or request.has_references)'),
  },
  { code: 'P016', bad: policy('on   reqest', 'deny "acme.refused"'), good: policy('on   request', 'deny "acme.refused"') },
  { code: 'P017', bad: 'default request refuse\n', good: 'default request deny\n' },
  { code: 'P018', bad: 'const list = 5\n', good: 'const bound = 5\n' },
  { code: 'P020', bad: when('tenant.plan = "free"'), good: when('tenant.plan == "free"') },
  { code: 'P021', bad: when('request.stream && request.tokens > 5'), good: when('request.stream and request.tokens > 5') },
  {
    code: 'P022',
    bad: policy('on   request', `${PLAN} then`, 'deny "acme.refused"'),
    good: policy('on   request', PLAN, 'deny "acme.refused"'),
  },
  { code: 'P023', bad: policy('on   request', 'deny "acme.refused";'), good: policy('on   request', 'deny "acme.refused"') },
  { code: 'P024', bad: when('tenant.plan in ["free", "trial",]'), good: when('tenant.plan in ["free", "trial"]') },
  {
    code: 'P025',
    bad: policy('on    request', 'limit tokens to 5k per day by tenant.id at 80 %'),
    good: policy('on    request', 'limit tokens to 5k per day by tenant.id at 80%'),
  },
  { code: 'P026', bad: when('tenant.plan is "free"'), good: when('tenant.plan == "free"') },
  {
    code: 'P027',
    bad: policy('on   request', 'deny "acme.refused" "Not today." status 422'),
    good: policy('on   request', 'deny "acme.refused" "Not today." with status 422'),
  },
  { code: 'P028', bad: when('tenant.plan in ["free" "trial"]'), good: when('tenant.plan in ["free", "trial"]') },
  { code: 'P029', bad: when("tenant.plan == 'free'"), good: when('tenant.plan == "free"') },
  {
    code: 'P030',
    bad: `// refuses all\n${policy('on   request', 'deny "acme.refused"')}`,
    good: `# refuses all\n${policy('on   request', 'deny "acme.refused"')}`,
  },
  { code: 'P031', bad: when('tenant.plan == null'), good: when('tenant.plan is missing') },
  { code: 'P032', bad: policy('on   request', 'wehn request.stream', 'deny "acme.refused"'), good: when('request.stream') },
  { code: 'P033', bad: when('tenant.plan in [free, "trial"]'), good: when('tenant.plan in ["free", "trial"]') },
  { code: 'P034', bad: when('tenant.plan === "free"'), good: when('tenant.plan == "free"') },
  {
    code: 'P035',
    bad: policy('on    request', 'limit tokens 5k per day key tenant.id'),
    good: policy('on    request', 'limit tokens to 5k per day by tenant.id'),
  },
  {
    code: 'P036',
    bad: policy('on   request', 'when when request.stream', 'deny "acme.refused"'),
    good: when('request.stream'),
  },
  {
    code: 'P037',
    bad: 'acme.rule "A rule" {\n  on   request\n  deny "acme.refused"\n}\n',
    good: policy('on   request', 'deny "acme.refused"'),
  },
  {
    code: 'P038',
    bad: 'policy acme.rule "A rule" {\n  request on\n  deny "acme.refused"\n}\n',
    good: policy('on   request', 'deny "acme.refused"'),
  },
  {
    code: 'P039',
    bad: 'policy acme rule "A rule" {\n  on   request\n  deny "acme.refused"\n}\n',
    good: policy('on   request', 'deny "acme.refused"'),
  },
]
