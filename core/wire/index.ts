// The dialects by name, and the reader for upstreams that speak OpenAI's format.
import { openaiChat } from './openai-chat/index.ts'
import type { Dialect } from '../model/request.ts'
import type { DialectWire } from './port.ts'

export { openAiChatReader } from './openai-chat/reader.ts'

const WIRES: { readonly [dialect in Dialect]: DialectWire } = { 'openai-chat': openaiChat }

export function wireFor(dialect: Dialect): DialectWire {
  return WIRES[dialect]
}
