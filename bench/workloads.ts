// What is asked: a short chat, and a conversation of which every request is a new turn (what came before stays the same).

export interface Workload {
  readonly name: 'short chat' | 'conversation'
  /** Bodies around a number that changes with every request. */
  readonly templates: readonly { readonly before: string; readonly after: string }[]
}

const NUMBER = '@@NUMBER@@'
const TOPICS = [
  'the harbour',
  'a railway timetable',
  'bread baking',
  'moss gardens',
  'glass bottles',
  'night trains',
  'kite building',
  'old maps',
]

export const WORKLOADS: readonly Workload[] = [
  {
    name: 'short chat',
    templates: [split({ model: 'bench-short', messages: [{ role: 'user', content: `Say hello to visitor ${NUMBER}.` }] })],
  },
  { name: 'conversation', templates: TOPICS.map((topic) => split(conversation(topic))) },
]

export function bodyOf(workload: Workload, n: number): string {
  const { before, after } = workload.templates[n % workload.templates.length]!
  return `${before}${n}${after}`
}

function split(body: object): { before: string; after: string } {
  const [before, after] = JSON.stringify(body).split(NUMBER)
  return { before: before!, after: after! }
}

/** Twelve messages and three tools, about 4 KB. */
function conversation(topic: string): object {
  const turns = Array.from({ length: 5 }, (_, i) => [
    {
      role: 'user',
      content: `Question ${i + 1} about ${topic}: how would you begin, what would you avoid, and which steps matter most for somebody who does it for the first time?`,
    },
    {
      role: 'assistant',
      content: `For ${topic} it helps to begin small, to keep notes, and to change one thing at a time. Most people hurry the part that needs patience, and then wonder why the result differs from what they saw elsewhere. Step ${i + 1} is worth a second look.`,
    },
  ]).flat()
  return {
    model: 'bench-long',
    messages: [
      { role: 'system', content: `You are a patient assistant that knows a lot about ${topic} and answers in plain words.` },
      ...turns,
      { role: 'user', content: `And what about case ${NUMBER}?` },
    ],
    tools: ['look_up', 'make_note', 'set_reminder'].map((name) => ({
      type: 'function',
      function: {
        name,
        description: `The tool ${name} helps with ${topic}; use it whenever the person asks for something that needs it.`,
        parameters: {
          type: 'object',
          properties: { subject: { type: 'string', description: 'what it is about' }, details: { type: 'string' } },
          required: ['subject'],
        },
      },
    })),
  }
}
