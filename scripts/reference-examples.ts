// One line of policy for each phrase that the loaded plugins bring, and one condition for each operator. A test executes them all.

/** By template. What stands in `…` is a whole clause; effects get a policy in the first phase of their verb. */
export const PHRASE_EXAMPLES: { readonly [phrase: string]: string } = {
  'deny <code> [<message:text>] [with status <http>]': 'deny "acme.refused" "Ask for access first." with status 403',
  allow: 'allow',
  'warn <code> [<message:text>]': 'warn "acme.seen" "This was seen."',
  'log <full|standard|minimal>': 'log minimal',
  'label <text>': 'label "pilot"',
  'buffer <completion>': 'buffer completion',
  'severity <low|medium|high|critical>': 'severity high',
  'owner <text>': 'owner "payments-security@acme.example"',
  'tags <text...>': 'tags "pci", "payments"',
  'docs <text>': 'docs "https://wiki.acme.example/pci"',
  'maps (<framework:word> <control:text>)...': 'maps pci_dss "3.4.1", owasp_llm "LLM02:2025"',
  'mode <off|shadow|enforce>': 'mode shadow',
  'since <date>': 'since 2026-11-01',
  'until <date>': 'until 2099-03-31',
  'ticket <text>': 'ticket "SEC-1482"',
  'mode <shadow|enforce> for <policy...>': 'mode enforce for acme.rule',
  'text <text>': 'text "call [PHONE]"',
  'require approval from <text> [within <duration>]': 'require approval from "secops" within 15m',
  'redact <detector...> in <location...> [with <text>]': 'redact std.email, std.phone in prompt with "[contact]"',
  'mask <detector...> in <location...> [except <side:first|last> <shown:number>]': 'mask std.payment_card in prompt except last 4',
  'tokenize <detector...> in <location...> [for <duration>] [to tools <name:text...>]':
    'tokenize std.email, std.phone in prompt for 30d to tools "send_mail"',
  'route to secure': 'route to secure',
  'route to <kind:pool|model> <name:text...>': 'route to pool "hipaa"',
  'cap <attribute> at <amount:number|attribute>': 'cap request.max_tokens at 1024',
  'set header <name:text> to <value:text>': 'set header "x-team" to "free"',
  'set <attribute> to <value:text|number|bool>': 'set request.temperature to 0.2',
  'limit <unit:tokens|requests|money> to <amount:number|attribute> per <window:minute|hour|day|month> by <attribute...> [at <soft:percent|number|attribute>]':
    'limit tokens to 200k per day by tenant.id at 80%',
  'limit concurrent to <amount:number|attribute> by <attribute...>': 'limit concurrent to 5 by tenant.id',
  'limit cost to <amount:number|attribute>': 'limit cost to 0.50',
}

export interface OperatorRow {
  readonly form: string
  readonly says: string
  /** A condition of the phase `request`. */
  readonly example: string
}

/** From the tightest to the loosest. */
export const OPERATORS: readonly (readonly [level: string, rows: readonly OperatorRow[]])[] = [
  [
    'values',
    [
      { form: '`( )`', says: 'groups', example: '(request.tokens + 1) * 2 > 10' },
      { form: '`lower(x)`', says: 'the text in lower case', example: 'lower(request.model) == "sim-chat"' },
      {
        form: '`count(x in xs where c)`',
        says: 'how many elements the condition holds for',
        example: 'count(t in request.tools where t.writes) > 2',
      },
      { form: '`*`', says: 'times', example: 'request.tokens * 2 > 10k' },
      { form: '`+` `-`', says: 'plus, minus', example: 'request.tokens + 500 > 10k' },
      { form: '`??`', says: 'what absence counts as', example: '(request.max_tokens ?? 0) > 4k' },
    ],
  ],
  [
    'tests',
    [
      { form: '`==` `!=`', says: 'equal, not equal; both sides of one type', example: 'tenant.region == "eu"' },
      { form: '`<` `<=` `>` `>=`', says: 'order of numbers', example: 'request.tokens >= 8k' },
      { form: '`in`, `not in`', says: 'element of a list; address in networks', example: 'client.ip in ["10.0.0.0/8", "2001:db8::/32"]' },
      { form: '`has`', says: 'the list holds the value', example: 'key.scopes has "chat"' },
      {
        form: '`has any of`, `has all of`',
        says: 'the list holds one, all of them',
        example: 'tenant.tags has any of ["health", "finance"]',
      },
      {
        form: '`contains`',
        says: 'a location holds a finding of the detector; a text holds a text',
        example: 'prompt contains std.payment_card',
      },
      { form: '`contains … scoring N`', says: 'a finding with at least this score', example: 'prompt contains std.phone scoring 0.8' },
      { form: '`starts with`, `ends with`', says: 'begin and end of a text', example: 'request.model starts with "sim-"' },
      { form: '`like`', says: 'the whole text, `*` for any part', example: 'request.model like "claude-*-latest"' },
      { form: '`exists`, `is missing`', says: 'the attribute has a value, has none', example: 'tenant.plan exists' },
      {
        form: '`some` `every` `no` `x in xs where (c)`',
        says: 'the condition holds for one, each, no element',
        example: 'some t in request.tools where (t.writes)',
      },
    ],
  ],
  ['`not`', [{ form: '`not c`', says: 'the opposite', example: 'not (key.scopes has "long")' }]],
  [
    '`and` `or`',
    [
      { form: '`a and b`', says: 'both', example: 'request.stream and request.tokens > 8k' },
      {
        form: '`a or b`',
        says: 'one at least; beside `and` only in parentheses',
        example: 'request.stream and (request.tokens > 8k or request.has_references)',
      },
    ],
  ],
]
