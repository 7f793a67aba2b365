// Lua of everything but the ledger: processes, breakers, vault, approvals, customer keys.

/** Whole milliseconds: the test's, or the server's. */
const CLOCK = `
local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function whole(number) return string.format('%.0f', number) end
`

/**
 * Registers a process and counts those heard of lately; a write, so that a server which takes none counts as away. ARGV: process, ms, moment of the
 * last reply that reached it. What a process says that this server did not know is of another server's clock.
 */
export const BEAT = `${CLOCK}
local now, heard = clock(''), ARGV[3]
local added = redis.call('ZADD', KEYS[1], whole(now), ARGV[1])
if added == 1 then heard = '0' end
redis.call('HSET', KEYS[2], ARGV[1], heard)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', whole(now - ARGV[2]))) do
  redis.call('ZREM', KEYS[1], gone)
  redis.call('HDEL', KEYS[2], gone)
end
local oldest = ''
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local its = id ~= ARGV[1] and (redis.call('HGET', KEYS[2], id) or '0')
  if its and (oldest == '' or tonumber(its) < tonumber(oldest)) then oldest = its end
end
return {redis.call('ZCARD', KEYS[1]), added, whole(now), oldest}`

/**
 * A breaker that is not closed stands in the hash `breakers` as `open|cool|probe` (moments, 0: none); its counts stand by bucket in
 * `breaker:<key>`. Replies hold what is left of each moment, so that clocks of processes need not agree.
 */
const BREAKER = `${CLOCK}
local now, key = clock(ARGV[1]), ARGV[2]
local open, cool, probe = 0, 0, 0
local kept = redis.call('HGET', KEYS[1], key)
if kept then
  open, cool, probe = kept:match('^(%d+)|(%d+)|(%d+)$')
  open, cool, probe = tonumber(open), tonumber(cool), tonumber(probe)
end
local function keep()
  if open == 0 and cool <= now then redis.call('HDEL', KEYS[1], key)
  else redis.call('HSET', KEYS[1], key, whole(open) .. '|' .. whole(cool) .. '|' .. whole(probe)) end
end
local function left(moment) return math.max(0, moment - now) end
local function state() return { open > 0 and 1 or 0, left(open), left(cool), left(probe) } end
local function totals(bucket)
  local requests, failures, gone = 0, 0, {}
  local counts = redis.call('HGETALL', KEYS[2])
  for n = 1, #counts, 2 do
    local at, kind = counts[n]:match('^(%d+)(%a)$')
    if at and tonumber(at) <= bucket - 10 then gone[#gone + 1] = counts[n]
    elseif kind == 'n' then requests = requests + counts[n + 1]
    elseif kind == 'f' then failures = failures + counts[n + 1] end
  end
  if #gone > 0 then redis.call('HDEL', KEYS[2], unpack(gone)) end
  return requests, failures
end
`

/**
 * ARGV: now, key, successes, failures, window, error rate, least requests, open for, verdict. While half-open only a verdict (1) decides;
 * successes that were gathered (0) are counted.
 */
export const BREAKER_REPORT = `${BREAKER}
local successes, failures, window = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
if open > 0 then
  if now < open or probe == 0 or ARGV[9] == '0' then return state() end
  if failures > 0 then open = now + ARGV[8] else open = 0 redis.call('DEL', KEYS[2]) end
  probe = 0
  keep()
  return state()
end
local bucketMs = math.max(1, window / 10)
local width = whole(bucketMs)
if redis.call('HGET', KEYS[2], 'width') ~= width then
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[2], 'width', width)
end
local bucket = math.floor(now / bucketMs)
redis.call('HINCRBY', KEYS[2], whole(bucket) .. 'n', successes + failures)
if failures > 0 then redis.call('HINCRBY', KEYS[2], whole(bucket) .. 'f', failures) end
redis.call('PEXPIRE', KEYS[2], whole(window + 60000))
if failures > 0 then
  local requests, failed = totals(bucket)
  if requests >= tonumber(ARGV[7]) and failed >= ARGV[6] * requests then
    open, probe = now + ARGV[8], 0
    keep()
  end
end
return state()`

/** ARGV: now, key, lease. Replies the state, and in the end whether this caller has the probe. */
export const BREAKER_PROBE = `${BREAKER}
local mine = open > 0 and now >= open and now >= cool and now >= probe
if mine then
  probe = now + ARGV[3]
  keep()
end
local reply = state()
reply[5] = mine and 1 or 0
return reply`

/** ARGV: now, key. */
export const BREAKER_RELEASE = `${BREAKER}
if kept then
  probe = 0
  keep()
end
return state()`

/** ARGV: now, key, ms from now. */
export const BREAKER_COOL = `${BREAKER}
cool = math.max(cool, now + ARGV[3])
keep()
return state()`

/** ARGV: now, key. Replies requests and failures of the last window. */
export const BREAKER_TOTALS = `${BREAKER}
local width = redis.call('HGET', KEYS[2], 'width')
if not width then return { 0, 0 } end
return { totals(math.floor(now / width)) }`

/** All that are not closed: key and state, one after the other. Drops those that have cooled down. */
export const BREAKERS_READ = `${CLOCK}
local now = clock(ARGV[1])
local kept, reply = redis.call('HGETALL', KEYS[1]), {}
for n = 1, #kept, 2 do
  local open, cool, probe = kept[n + 1]:match('^(%d+)|(%d+)|(%d+)$')
  if open == '0' and tonumber(cool) <= now then redis.call('HDEL', KEYS[1], kept[n])
  else
    reply[#reply + 1] = kept[n]
    reply[#reply + 1] = open ~= '0' and 1 or 0
    for _, moment in ipairs({ open, cool, probe }) do reply[#reply + 1] = math.max(0, moment - now) end
  end
end
return reply`

const VAULT = `${CLOCK}
local base = KEYS[1]:sub(1, -6) .. 'v:'
local now = clock(ARGV[1])
local function sweep(most)
  local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', whole(now), 'LIMIT', 0, most)
  for _, member in ipairs(due) do
    redis.call('ZREM', KEYS[1], member)
    redis.call('DEL', base .. member)
  end
  return #due
end
`

/** ARGV: now, bound of the tenant; then member, end and value of each. Replies 0, and keeps none, when there is no room. */
export const VAULT_PUT = `${VAULT}
sweep(1000)
local fresh = 0
for n = 3, #ARGV, 3 do if not redis.call('ZSCORE', KEYS[1], ARGV[n]) then fresh = fresh + 1 end end
while redis.call('ZCARD', KEYS[1]) + fresh > tonumber(ARGV[2]) do if sweep(1000) == 0 then return 0 end end
for n = 3, #ARGV, 3 do
  redis.call('SET', KEYS[n / 3 + 1], ARGV[n + 2], 'PX', whole(math.max(1, ARGV[n + 1] - now)))
  redis.call('ZADD', KEYS[1], ARGV[n + 1], ARGV[n])
end
return 1`

/** ARGV: now, at most. */
export const VAULT_SWEEP = `${VAULT}
return sweep(tonumber(ARGV[2]))`

/** ARGV: now, id, row, created, time to live. Replies the row that stands. */
export const APPROVAL_REQUEST = `${CLOCK}
local known = redis.call('GET', KEYS[3])
local row = known and redis.call('GET', KEYS[2]:sub(1, -#ARGV[2] - 1) .. known)
if row and cjson.decode(row).expiresAt > clock(ARGV[1]) then return row end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[6]) then
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', clock(ARGV[1]) - ARGV[7])
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[6]) then return false end
end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[5])
redis.call('SET', KEYS[3], ARGV[2], 'PX', ARGV[5])
redis.call('ZADD', KEYS[1], ARGV[4], ARGV[2])
return ARGV[3]`

/** ARGV: row as read, row to be. Replies 0 when it changed meanwhile. */
export const APPROVAL_REPLACE = `
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[2], ARGV[2], 'KEEPTTL')
return 1`

/** ARGV: id, prefix, row. */
export const KEY_PUT = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return 1`

/** ARGV: id, row as read, row to be; then id, prefix and row of a key that is added. Replies 0, and does nothing, when the row changed meanwhile. */
export const KEY_REPLACE = `
if redis.call('HGET', KEYS[2], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
if ARGV[4] then
  redis.call('HSET', KEYS[1], ARGV[4], ARGV[5])
  redis.call('HSET', KEYS[3], ARGV[4], ARGV[6])
end
return 1`

/** ARGV: id and Unix ms of each. A later moment stays. */
export const KEY_USES = `
for n = 1, #ARGV, 2 do
  if tonumber(ARGV[n + 1]) > tonumber(redis.call('HGET', KEYS[1], ARGV[n]) or '0') then
    redis.call('HSET', KEYS[1], ARGV[n], ARGV[n + 1])
  end
end
return 1`
