// A gateway as far as the record is concerned: writes exchanges until it is killed, and tells its parent about every closed one.
import { openSpool } from '../../../core/record/spool.ts'
import { exchange } from './rows.ts'

const spool = openSpool({ path: process.argv[2]!, maxBytes: 1 << 30, fsync: false, onUnavailable: 'block', segmentBytes: 100_000 })

async function work(name: string): Promise<void> {
  for (let index = 0; ; index++) {
    const rows = exchange(`${name}-${index}`)
    await spool.opened(rows)
    await spool.closed(rows)
    process.send!(rows.request.request_id)
  }
}

// One exchange that is under way for good: the row that a crash leaves.
await spool.opened(exchange('long'))
for (const name of ['a', 'b', 'c', 'd', 'e']) void work(name)
