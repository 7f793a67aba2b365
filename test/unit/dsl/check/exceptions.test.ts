// Exceptions: whole or refused, resting on something proved, and part of the policy's condition.
import assert from 'node:assert/strict'
import { assertPair, bundleOf, codesOf, diagnose, onlyFault, policy, when } from './helpers.ts'

const POLICY = when('request.tokens > 5', 'deny "a.b"')
const WHOLE = { when: 'when user.roles has "x"', until: 'until 2027-03-31', ticket: 'ticket "T-1"', owner: 'owner "me"' }
const exception = (clauses: readonly string[], to = 'a.b'): string => `exception "e" to ${to} {\n  ${clauses.join('\n  ')}\n}`
const whole = `${POLICY}\n${exception(Object.values(WHOLE))}`
const withWhen = (condition: string): string => `${POLICY}\n${exception(Object.values({ ...WHOLE, when: `when ${condition}` }))}`

describe('an exception', () => {
  it('takes its condition out of the policy, until its day', () => {
    const [compiled] = bundleOf(whole).policies
    assert.deepEqual(compiled?.when, {
      and: [
        { '>': [{ var: 'request.tokens' }, 5] },
        { '!': [{ and: [{ in: ['x', { var: 'user.roles' }] }, { '<': [{ var: 'time.unix' }, Date.UTC(2027, 2, 31) / 1000] }] }] },
      ],
    })
  })
  it('stands alone where the policy has no condition, and with others in the order of the titles', () => {
    const two = `${policy('deny "a.b"')}\n${exception(Object.values(WHOLE)).replace('"e"', '"z"')}\n${exception(Object.values(WHOLE))}`
    const { policies, exceptions } = bundleOf(two)
    assert.equal((policies[0]!.when as { and: readonly unknown[] }).and.length, 2)
    assert.deepEqual(
      exceptions.map(({ title }) => title),
      ['e', 'z'],
    )
  })
  for (const missing of Object.keys(WHOLE)) {
    it(`P126: needs \`${missing}\``, () => {
      const rest = Object.entries(WHOLE).flatMap(([name, clause]) => (name === missing ? [] : [clause]))
      assert.match(onlyFault(`${POLICY}\n${exception(rest)}`), new RegExp(`P126 the exception \`e\` has no \`${missing}\``))
      assert.deepEqual(diagnose(whole), [])
    })
  }
  it('P126: names a ticket and an owner, not empty texts', () => {
    for (const [verb, operand] of [
      ['ticket', '""'],
      ['owner', '" "'],
    ] as const) {
      const clauses = Object.values({ ...WHOLE, [verb]: `${verb} ${operand}` })
      assert.match(onlyFault(`${POLICY}\n${exception(clauses)}`), new RegExp(`P126 the \`${verb}\` of the exception is empty`))
    }
    assert.deepEqual(codesOf(policy('when request.stream\n  owner ""\n  deny "a.b"\n  on error allow')), ['P117'])
  })
  it('P126, P106: holds nothing else', () => {
    for (const [clause, code] of [
      ['on request', 'P126'],
      ['unless request.stream', 'P126'],
      ['on error allow', 'P126'],
      ['deny "a.c"', 'P106'],
      ['severity low', 'P106'],
    ] as const)
      assert.deepEqual(codesOf(`${POLICY}\n${exception([...Object.values(WHOLE), clause])}`), [code], clause)
  })
  it('P114: says each once', () => {
    for (const clause of Object.values(WHOLE))
      assert.deepEqual(codesOf(`${POLICY}\n${exception([...Object.values(WHOLE), clause])}`), ['P114'])
  })
  it('P103, P101: is to a policy that there is, with a title of its own', () => {
    assertPair('P103', `${POLICY}\n${exception(Object.values(WHOLE), 'a.c')}`, whole)
    assertPair('P101', `${whole}\n${exception(Object.values(WHOLE))}`, `${whole}\n${exception(Object.values(WHOLE)).replace('"e"', '"f"')}`)
  })
  it('P123: rests on something proved', () => {
    assertPair('P123', withWhen('request.user == "boss"'), withWhen('user.id == "boss"'))
  })
  it('P120: does not hold because something is absent', () => {
    assertPair('P120', withWhen('user.id != "a"'), withWhen('user.id == "a"'))
    assertPair('P120', withWhen('not (tenant.plan == "a")'), withWhen('(tenant.plan ?? "") == "a"'))
  })
  it('P130: reads what is known where the policy is judged', () => {
    assertPair('P130', withWhen('target.zone == "us"'), withWhen('tenant.id == "us"'))
  })
  it('P140: may not let text of a stream through by what the answer contains', () => {
    const text = (place: string): string =>
      `detector n {\n  pattern /\\d{4}/\n}\n${policy('when completion contains n\n  redact n in completion', 'response, stream')}\n${exception(
        Object.values({ ...WHOLE, when: `when ${place} contains n` }),
      )}`
    assertPair('P140', text('completion'), text('prompt'))
  })
  it('makes another artefact, but moving it does not', () => {
    assert.notEqual(bundleOf(whole).hash, bundleOf(whole.replace('T-1', 'T-2')).hash)
    assert.equal(bundleOf(whole).hash, bundleOf(whole.replaceAll('\n', '\n\n')).hash)
  })
})
