// Puts a table between its own markers of a Markdown text, so that several benchmarks share one page.

/** Throws when the markers `<!-- name -->` and `<!-- /name -->` are not there. */
export function replaceSection(markdown: string, name: string, text: string): string {
  const [from, to] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const start = markdown.indexOf(from)
  const end = markdown.indexOf(to)
  if (start < 0 || end < start) throw new Error(`the markers ${from} and ${to} are missing`)
  return `${markdown.slice(0, start + from.length)}\n\n${text}\n\n${markdown.slice(end)}`
}
