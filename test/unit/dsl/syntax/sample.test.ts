// The sample file of the language's description: the grammar is whole if this parses.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { bare, parseText, show, showPhrase } from './helpers.ts'

const text = readFileSync(new URL('../../../fixtures/syntax/sample.policy', import.meta.url), 'utf8')

describe('the sample file', () => {
  const { file, diagnostics } = parseText(text)

  it('parses without a diagnostic', () => assert.deepEqual(diagnostics, []))

  it('holds its declarations in order', () => {
    const seen = file.declarations.map((declaration) =>
      `${declaration.kind} ${'name' in declaration ? declaration.name.text : 'title' in declaration ? declaration.title : ''}`.trim(),
    )
    assert.deepEqual(seen, [
      'module acme.guard',
      'import',
      'list frontier_models',
      'list icd10_terms',
      'param daily_tokens',
      'attribute metadata.case_id',
      'default',
      'detector payment_card',
      'detector health_term',
      'policy access.chat',
      'policy access.frontier',
      'policy pci.cards_stay_inside',
      'policy gdpr.tokenize_contacts',
      'policy hipaa.route_phi',
      'policy spend.free_tier',
      'policy tools.injected',
      'policy leak.answers',
      'exception fraud desk may send cards to the vault model',
      'overlay acme_bank',
      'test a card to an outside provider is stopped',
      'test a number that fails the Luhn check passes',
      'test a secret split over chunks is removed',
    ])
  })

  it('keeps every clause of a policy', () => {
    const policy = file.declarations.find(
      (declaration) => declaration.kind === 'policy' && declaration.name.text === 'pci.cards_stay_inside',
    )
    assert.ok(policy?.kind === 'policy')
    assert.equal(policy.title, 'Card numbers never reach an outside provider')
    const shown = policy.clauses.map((clause) => {
      if (clause.kind === 'on') return `on ${clause.phases.map(({ phase }) => phase).join(' ')}`
      if (clause.kind === 'when' || clause.kind === 'unless') return `${clause.kind} ${show(clause.condition)}`
      if (clause.kind === 'on error') return `on error ${showPhrase(clause.phrase)}`
      return clause.kind === 'phrase' ? showPhrase(clause.phrase) : ''
    })
    assert.deepEqual(shown, [
      'severity [critical]',
      'maps [pci_dss "3.4.1"] [owasp_llm "LLM02:2025"]',
      'owner ["payments-security@acme.example"]',
      'on target',
      'when (and (contains prompt payment_card 0.6) (!= target.zone "internal"))',
      'deny ["pci.card_to_external" "Remove the card number, or send the vault link instead."] with [status 422]',
      'on error deny ["pci.scan_failed" "We could not scan this request for card numbers."]',
    ])
  })

  it('reads the overlay with its parameter and its mode', () => {
    const overlay = file.declarations.find((declaration) => declaration.kind === 'overlay')
    assert.ok(overlay?.kind === 'overlay')
    assert.deepEqual(bare(overlay.scope), { noun: 'tenant', values: [{ kind: 'text', value: 'acme-bank' }] })
    assert.deepEqual(bare(overlay.params), [{ name: 'daily_tokens', value: { kind: 'number', value: 50_000 } }])
    assert.deepEqual(overlay.phrases.map(showPhrase), ['mode [enforce] for [leak.answers]'])
  })

  it('gives every name and literal the span of its own text', () => {
    let seen = 0
    JSON.stringify(file, (_key, value: unknown) => {
      if (typeof value === 'object' && value !== null && 'span' in value) {
        const node = value as { span: { start: number; end: number }; text?: unknown; kind?: string; value?: unknown }
        const written = text.slice(node.span.start, node.span.end)
        if (typeof node.text === 'string' && !('optional' in node) && node.kind === undefined) {
          assert.equal(written, node.text)
          seen++
        }
        if (node.kind === 'text') {
          assert.equal(written, JSON.stringify(node.value))
          seen++
        }
        assert.ok(written.length > 0 && written === written.trim(), `span of ${node.kind}: ${written}`)
      }
      return value
    })
    assert.ok(seen > 100)
  })
})
