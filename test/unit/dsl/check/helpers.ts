// What the tests of the checker share: the words of the house, and a text with the codes that it raises. What is proved about whole sets of
// policies (unused names, shadowing, coverage …) has tests of its own and is left out.
import assert from 'node:assert/strict'
import { compile, type Diagnostic, type ReadList } from '../../../../dsl/index.ts'
import { gatherWords } from '../../../../core/policy/words.ts'
import { PLUGINS } from '../../../../core/plugins.ts'
import { readVocabularies } from '../../../../core/plugin/registry.ts'
import type { Bundle } from '../../../../dsl/compile/bundle.ts'
import type { Vocabulary } from '../../../../dsl/vocabulary/vocabulary.ts'

export const house: Vocabulary = gatherWords(readVocabularies(PLUGINS, {})).vocabulary

const OF_PROOFS = /^P(?:2[2-9]|3|4|51)/

export function diagnose(text: string, vocabulary = house, readList?: ReadList): readonly Diagnostic[] {
  const options = readList ? { readList } : {}
  return compile([{ path: 'p.policy', text: `module acme.test\n${text}` }], vocabulary, options).diagnostics.filter(
    ({ code }) => !OF_PROOFS.test(code),
  )
}

export function codesOf(text: string, vocabulary = house): readonly string[] {
  return diagnose(text, vocabulary).map(({ code }) => code)
}

/** The only thing that is wrong, as `code message | help`. */
export function onlyFault(text: string): string {
  const found = diagnose(text)
  assert.equal(found.length, 1, found.map(({ code, message }) => `${code} ${message}`).join('; '))
  const { code, message, help } = found[0]!
  return `${code} ${message} | ${help ?? ''}`
}

/** `bad` raises the code, its nearest neighbour nothing. */
export function assertPair(code: string, bad: string, good: string, vocabulary = house): void {
  const found = codesOf(bad, vocabulary)
  assert.ok(found.includes(code), `expected ${code}, got ${found.join(', ') || 'nothing'}`)
  assert.deepEqual(diagnose(good, vocabulary), [])
}

export function bundleOf(text: string, readList?: ReadList): Bundle {
  const { bundle, diagnostics } = compile([{ path: 'p.policy', text }], house, readList ? { readList } : {})
  assert.ok(bundle, JSON.stringify(diagnostics))
  return bundle
}

export const policy = (body: string, phase = 'request', id = 'a.b'): string => `policy ${id} "x" {\n  on ${phase}\n  ${body}\n}`
export const when = (condition: string, effect = 'deny "a.b"'): string => policy(`when ${condition}\n  ${effect}`)
