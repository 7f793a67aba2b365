// Members of answers and of their chunks, sorted by what they may hold. What is in none of these sets is a text of the model.

/** Of a message, a delta, a tool call or what stands below them: words of the protocol, ids, and bytes that no model can read. */
export const SILENT: ReadonlySet<string> = new Set([
  'role',
  'id',
  'type',
  'index',
  'signature',
  'data',
  'expires_at',
  'format',
  'call_id',
  'start_index',
  'end_index',
])

export const REASONING: ReadonlySet<string> = new Set(['reasoning_content', 'reasoning', 'reasoning_details', 'thinking_blocks'])

/** Of a choice, beside its message or delta. Log probabilities go where a guard is at work. */
export const CHOICE_WORDS: ReadonlySet<string> = new Set(['index', 'finish_reason', 'logprobs'])

/** Of the whole. `obfuscation` is noise against whoever counts bytes on the wire. */
export const CHUNK_WORDS: ReadonlySet<string> = new Set([
  'id',
  'object',
  'created',
  'model',
  'system_fingerprint',
  'service_tier',
  'usage',
  'choices',
  'obfuscation',
])

/** Below the top of a delta, members whose text goes on from chunk to chunk; others come whole. */
export const CONTINUED: ReadonlySet<string> = new Set([
  'text',
  'content',
  'thinking',
  'transcript',
  'summary',
  'reasoning',
  'reasoning_content',
  'refusal',
])
