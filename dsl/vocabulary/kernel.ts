// The verbs that the language itself brings. All others come from plugins.
import type { VerbDeclaration } from './vocabulary.ts'

const ALL = ['request', 'target', 'response', 'stream'] as const

const verb = (phrase: string, rest: Partial<VerbDeclaration> & Pick<VerbDeclaration, 'doc'>): VerbDeclaration => ({
  phrase,
  use: 'effect',
  phases: ALL,
  join: { kind: 'union' },
  aliases: [],
  protects: false,
  plugin: 'kernel',
  ...rest,
})

const fact = (phrase: string, doc: string, aliases: readonly string[] = []): VerbDeclaration => verb(phrase, { use: 'fact', doc, aliases })

/** Verbs of `on error` that still protect what could not be judged. After any other the exchange goes on as if the policy had not fired. */
export const FAIL_CLOSED: ReadonlySet<string> = new Set(['deny', 'require', 'route'])

export const KERNEL_VERBS: readonly VerbDeclaration[] = [
  verb('deny <code> [<message:text>] [with status <http>]', {
    join: { kind: 'verdict' },
    protects: true,
    aliases: ['block', 'reject', 'refuse', 'forbid'],
    doc: 'Refuses the exchange (on `target`: removes the candidate; on `stream`: ends the stream with an error event).',
  }),
  verb('allow', {
    phases: ['request'],
    join: { kind: 'verdict' },
    aliases: ['permit', 'accept', 'pass'],
    doc: 'Lets the request through unless another policy denies it.',
  }),
  verb('warn <code> [<message:text>]', { aliases: ['alert', 'notify'], doc: 'Adds a warning code to the answer and the record.' }),
  verb('log <full|standard|minimal>', {
    join: { kind: 'strictest', operand: 'choice', order: ['full', 'standard', 'minimal'] },
    doc: 'How much is kept of the content; the most private wins.',
  }),
  verb('label <text>', { aliases: ['tag'], doc: 'Puts a label into the record.' }),
  verb('buffer <completion>', {
    phases: ['response'],
    protects: true,
    aliases: ['hold'],
    doc: 'Holds a streamed answer until it was judged as a whole.',
  }),
  fact('severity <low|medium|high|critical>', 'How bad it is when the policy fires; decides which reason is named first.'),
  fact('owner <text>', 'Who answers for the policy.'),
  fact('tags <text...>', 'Words to find the policy by.'),
  fact('docs <text>', 'Where the policy is explained.'),
  fact('maps (<framework:word> <control:text>)...', 'Controls of a framework that the policy serves.'),
  fact('mode <off|shadow|enforce>', 'Off: not evaluated. Shadow: evaluated and recorded, never acted on.'),
  fact('since <date>', 'The day since which the policy stands in this mode; a trial of more than thirty days is reported.'),
  verb('until <date>', { use: 'exception', doc: 'The start of the day (UTC) on which the exception ends.' }),
  verb('ticket <text>', { use: 'exception', doc: 'Where the exception was agreed.' }),
  verb('owner <text>', { use: 'exception', doc: 'Who answers for the exception.' }),
  verb('mode <shadow|enforce> for <policy...>', { use: 'overlay', doc: 'Raises the mode of policies.' }),
  verb('text <text>', { use: 'expect', doc: 'The text that the client gets.' }),
]
