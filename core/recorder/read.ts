// Runs one guarded query and gives its result line by line: first the names of the columns, then a JSON array per row.
import { guard, SQL_LIMITS } from './guard.ts'
import type { Store } from './store.ts'

/** Lines of JSON without line ends. Throws `RefusedQuery` or `StoreError`; ending the iteration early ends the query. */
export async function* readLines(store: Store, text: string, limits = SQL_LIMITS): AsyncGenerator<string> {
  let rest = ''
  for await (const chunk of store.stream(await guard(store, text, limits))) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop()!
    yield* lines
  }
  if (rest !== '') yield rest
}
