// After an error the rest of the file is read: all errors in one pass, none invented.
import assert from 'node:assert/strict'
import { parseText } from './helpers.ts'

/** Codes with the source under each span. */
function errors(text: string): string[] {
  return parseText(text).diagnostics.map(({ code, span }) => `${code} ${text.slice(span.start, span.end)}`)
}

const kinds = (text: string): string =>
  parseText(text)
    .file.declarations.map(({ kind }) => kind)
    .join(' ')

describe('recovery', () => {
  it('reports every error of a file in the order of the text', () => {
    const text = `policy a { on request when deny "x" }
policy b {
  on nowhere
  when x == == 1
  allow
}
param p number = 3
default request refuse
test "t" { expect policy a }
policy c { allow }`
    assert.deepEqual(errors(text), ['P010 "x"', 'P016 nowhere', 'P014 ==', 'P010 number', 'P017 refuse', 'P010 }'])
    assert.equal(kinds(text), 'policy policy test policy')
  })

  it('goes on at the next line within a policy and keeps its other clauses', () => {
    const { file, diagnostics } = parseText('policy a {\n  on request\n  when x == )\n  deny "c" "m"\n  log minimal\n}')
    assert.deepEqual(
      diagnostics.map(({ code }) => code),
      ['P014'],
    )
    const [policy] = file.declarations
    assert.deepEqual(policy?.kind === 'policy' ? policy.clauses.map(({ kind }) => kind) : [], ['on', 'when', 'phrase', 'phrase'])
  })

  it('leaves a hole where a condition is missing', () => {
    const [policy] = parseText('policy a {\n  when\n  on request\n  allow\n}').file.declarations
    const when = policy?.kind === 'policy' ? policy.clauses.find((clause) => clause.kind === 'when') : undefined
    assert.equal(when?.kind === 'when' ? when.condition.kind : '', 'hole')
  })

  it('finds a missing `}` at the next declaration, and at the end of the file', () => {
    assert.deepEqual(errors('policy a {\n  allow\n\npolicy b { allow }\n'), ['P012 '])
    assert.deepEqual(errors('detector d { score 0.6\n\npolicy b { allow }\n'), ['P012 '])
    assert.deepEqual(errors('policy b { allow'), ['P012 '])
    assert.equal(kinds('policy a {\n  allow\n\npolicy b { allow }\n'), 'policy policy')
  })

  it('skips what is no declaration once, up to the next one', () => {
    assert.deepEqual(errors('hello { world\n  again ( }\n}\npolicy a { allow }'), ['P011 hello'])
    assert.equal(kinds('hello { world\n  again ( }\n}\npolicy a { allow }'), 'policy')
  })

  it('reads a misspelt declaration as the one that was meant', () => {
    assert.deepEqual(errors('polcy a { allow }\ndetecter d { score 0.5 }'), ['P032 polcy', 'P032 detecter'])
    assert.equal(kinds('polcy a { allow }\ndetecter d { score 0.5 }'), 'policy detector')
  })

  it('names a reserved word that was meant as a name', () =>
    assert.deepEqual(errors('policy on { allow }\nconst list = 1'), ['P018 on', 'P018 list']))

  it('stops after a hundred errors and says so', () => {
    const { diagnostics } = parseText('policy a {\n  on nowhere\n'.repeat(500))
    assert.equal(diagnostics.length, 101)
    assert.equal(diagnostics.at(-1)?.code, 'P008')
  })
})
