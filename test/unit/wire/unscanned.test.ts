import assert from 'node:assert/strict'
import { openaiChat } from '../../../core/wire/openai-chat/index.ts'
import { open, type Loose } from './helpers.ts'

describe('wire: what an answer holds beside texts', () => {
  const places: readonly (readonly [title: string, kinds: readonly string[], body: (said: string) => Loose])[] = [
    ['a member of the message', ['audio'], (said) => ({ choices: [{ index: 0, [said]: { audio: { data: 'AAAA' } } }] })],
    ['the message itself', ['data'], (said) => ({ choices: [{ index: 0, [said]: { data: 'AAAA' } }] })],
    ['a member of the choice', ['images'], (said) => ({ choices: [{ index: 0, [said]: {}, images: [{ b64_json: 'AAAA' }] }] })],
    ['a member beside the choices', ['extras'], (said) => ({ choices: [{ index: 0, [said]: {} }], extras: { a: [{ data: 'AAAA' }] } })],
    [
      'nothing that is empty or a text',
      [],
      (said) => ({ choices: [{ index: 0, [said]: { content: 'data', audio: { data: '' }, odd: null } }] }),
    ],
    [
      'nothing among the words of the protocol',
      [],
      (said) => ({ choices: [{ index: 0, [said]: {}, logprobs: { data: 'AAAA' } }], usage: { data: 'AAAA' } }),
    ],
  ]
  for (const [title, kinds, body] of places)
    it(`is named, whole and streamed: ${title}`, () => {
      assert.deepEqual(openaiChat.unscannedIn(body('message')), kinds)
      const writer = openaiChat.openStream({ guard: open, wantsUsage: true, model: 'm' })
      writer.chunk({ type: 'chunk', body: body('delta'), raw: null })
      assert.deepEqual([...writer.seen.unscanned], kinds)
    })
})
