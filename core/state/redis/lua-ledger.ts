// The ledger's Lua. Keys: `held:<process>` the reservations of a process, `leases` until when processes hold them, `w:`/`r:`/`s:<counter>`
// windows, rates and slots. Every request pays for these lines twice: values are packed, and what is rare is defined late. Values are read before
// any is written, by commands that refuse another kind of value: what is not ours fails the whole step.

/** Packed doubles, little-endian: amounts are integers below 2^53, moments Unix ms. */
export const PACKED = {
  /** Used, reserved, end, and instance: the end it had when it began. */
  window: '<dddd',
  /** Moment at which it has drained, period in ms, limit. */
  rate: '<ddd',
  /** One of a reservation: key of the counter; then of a window amount, instance, 0; of a rate ms, ms per unit, period; of a slot zeros. */
  entry: '<I4c0ddd',
} as const

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Reservations of others whose lease has ended, that one look gives back. */
const GIVE_BACK_AT_ONCE = 20

const BASICS = `
local call, read, write = redis.call, struct.unpack, struct.pack
-- Whole milliseconds: the test's, or the server's.
local function clock()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
`

/** KIND: where in a counter's key the letter of its kind stands, behind what all keys of the tenant begin with. */
const LEASES = `
local LEASES = KEYS[2]
local KIND = #LEASES - 5
`

/** The client reads integers next to 2^53 a little wrong; texts it reads right. */
const ANSWER = `
local function answer(number) return number > 9e15 and string.format('%.0f', number) or number end
`

/** Lines and no function, for settlements, which do it more often than everything else. What is no packed window is not ours and left as it is. */
const CLOSE_WINDOW = `
    local value = redis.pcall('GET', key)
    if value and #value == 32 then
      local u, r, e, i = read('${PACKED.window}', value)
      if i == b then call('SET', key, write('${PACKED.window}', u + used, r - a, e, i), 'KEEPTTL') end
    end`

const CLOSING = `
local function moveRate(key, change, perUnit, period)
  if change == 0 then return end
  local value, fullAt, limit = call('GET', key), 0, period / perUnit
  if value then fullAt = read('${PACKED.rate}', value) end
  if change < 0 then
    if value then call('SET', key, write('${PACKED.rate}', fullAt + change, period, limit), 'KEEPTTL') end
    return
  end
  local now = clock()
  fullAt = math.max(fullAt, now) + change
  call('SET', key, write('${PACKED.rate}', fullAt, period, limit), 'PX', math.ceil(fullAt - now + period) + 60000)
end

-- Gives back what an entry holds, and books what was used.
local function close(id, key, a, b, c, used)
  local kind = key:byte(KIND)
  if kind == 119 then ${CLOSE_WINDOW}
  elseif kind == 114 then moveRate(key, used * b - a, b, c)
  else call('ZREM', key, id) end
end

-- A counter that holds something else is left as it is: the others of the reservation must not stay held for it. All else fails the step.
local function closeIfOurs(...)
  local isClosed, why = pcall(close, ...)
  local text = isClosed and '' or type(why) == 'table' and why.err or tostring(why)
  if not isClosed and not text:find('WRONGTYPE', 1, true) and not text:find('data string', 1, true) then error(why) end
end

-- Use is booked with the first entry of a counter; a later one, of an extension, only goes back.
local function closeAll(id, held, used)
  local at = 1
  while at <= #held do
    local key, a, b, c
    key, a, b, c, at = read('${PACKED.entry}', held, at)
    closeIfOurs(id, key, a, b, c, used[key] or 0)
    used[key] = nil
  end
end

local function givenName(id) return LEASES:sub(1, KIND - 1) .. 'x:' .. id end
`

/** Gives back what a process that is gone held. It stays by its id for a day with nothing in it, so that its use can still be booked. */
const GIVING_BACK = `
local function giveBack(name, id, held)
  closeAll(id, held, {})
  local rest, at = {}, 1
  while at <= #held do
    local key, a, b, c
    key, a, b, c, at = read('${PACKED.entry}', held, at)
    rest[#rest + 1] = write('${PACKED.entry}', #key, key, 0, b, c)
  end
  call('SET', givenName(id), table.concat(rest), 'PX', ${DAY})
  call('HDEL', name, id)
end

-- At most so many reservations of one process; how many it were.
local function giveBackOf(process, most)
  local name = LEASES:sub(1, KIND - 1) .. 'held:' .. process
  local held = call('HRANDFIELD', name, most, 'WITHVALUES')
  for n = 1, #held, 2 do giveBack(name, held[n], held[n + 1]) end
  if #held < 2 * most then call('ZREM', LEASES, process) end
  return #held / 2
end
`

/** Adds to what an id holds. Entries of one counter and instance become one. */
const ADDING = `
local function adding(held, entries)
  local sums, order, at = {}, {}, 1
  held = held .. entries
  while at <= #held do
    local key, a, b, c
    key, a, b, c, at = read('${PACKED.entry}', held, at)
    local what = key .. '|' .. b .. '|' .. c
    if not sums[what] then
      sums[what] = { key, 0, b, c }
      order[#order + 1] = sums[what]
    end
    sums[what][2] = sums[what][2] + a
  end
  for n, s in ipairs(order) do order[n] = write('${PACKED.entry}', #s[1], s[1], s[2], s[3], s[4]) end
  return table.concat(order)
end
`

/**
 * No counter may come twice. ARGV: now, id, lease ('': it has one), words (`look` for what others left behind, `nothing` is to be given back,
 * `more`: the id may hold something); then amount, limit, and endsAt | periodMs | leaseMs of each claim. Replies 1 and (used, settled, fresh) of
 * each, or 0, which claim, used, settled, and ms to wait (-1: waiting is no help).
 */
export const RESERVE = `${BASICS}${LEASES}${ANSWER}
local KEYS, ARGV = KEYS, ARGV
local id, words, last = ARGV[2], ARGV[4], #KEYS
local moment
-- Asked for when it is needed: windows that end as they are named to do not need it.
local function now()
  moment = moment or clock()
  return moment
end
local function says(word) return words ~= '' and words:find(word, 1, true) end
if ARGV[3] ~= '' then call('ZADD', LEASES, now() + ARGV[3], KEYS[1]:sub(KIND + 5)) end

local function giveBackEnded()
  if says('nothing') then return 0 end
  ${CLOSING}${GIVING_BACK}
  local given = 0
  for _, process in ipairs(call('ZRANGEBYSCORE', LEASES, '-inf', now(), 'LIMIT', 0, ${GIVE_BACK_AT_ONCE})) do
    if given < ${GIVE_BACK_AT_ONCE} then given = given + giveBackOf(process, ${GIVE_BACK_AT_ONCE} - given) end
  end
  return given
end

-- What is to be written: value, life and entry of each claim.
local reply, plan

local function takeRate(k, amount, limit, period)
  local value, now = call('GET', KEYS[k]), now()
  local kept = value and read('${PACKED.rate}', value) or 0
  local per = limit == 0 and 0 or period / limit
  local fullAt = math.max(kept, now) + amount * per
  local function level(moment) return moment <= now and 0 or math.ceil((moment - now) / period * limit - 1e-9) end
  if amount > limit or fullAt - now > period + 0.001 then
    local wait = (amount > limit or limit == 0) and -1 or math.max(1, math.ceil(fullAt - now - period))
    return { 0, k - 3, answer(level(kept)), answer(level(kept)), wait }
  end
  local n, used = 3 * k - 8, answer(level(fullAt))
  reply[n + 1], reply[n + 2], reply[n + 3] = used, used, 0
  plan[n], plan[n + 1] = write('${PACKED.rate}', fullAt, period, limit), 2 * period + 60000
  plan[n + 2] = write('${PACKED.entry}', #KEYS[k], KEYS[k], amount * per, per, period)
end

local function takeSlot(k, limit)
  local key, n = KEYS[k], 3 * k - 8
  local held, count = call('ZSCORE', key, id), call('ZCARD', key)
  if not held and count >= limit then
    call('ZREMRANGEBYSCORE', key, '-inf', now())
    count = call('ZCARD', key)
    if count >= limit then return { 0, k - 3, count, 0, limit == 0 and -1 or 1000 } end
  end
  reply[n + 1], reply[n + 2], reply[n + 3] = held and count or count + 1, 0, held and 0 or 1
  plan[n], plan[n + 1], plan[n + 2] = false, 0, write('${PACKED.entry}', #key, key, 0, 0, 0)
end

local function takeWindow(k, key, amount, limit, endsAt)
  local u, r, e, i, life = 0, 0, endsAt, endsAt, 0
  local value = call('GET', key)
  if value then u, r, e, i = read('${PACKED.window}', value) end
  if not value then life = math.max(0, e - now()) + ${HOUR}
  elseif e ~= endsAt then
    if e <= now() and endsAt > e then
      -- Over, and a later end is named: another window.
      u, r, e, i = 0, 0, endsAt, endsAt
      life = e - now() + ${HOUR}
    elseif e > now() then
      e = endsAt
      life = math.max(0, e - now()) + ${HOUR}
    end
  end
  local used = u + r + amount
  if used > limit then
    return { 0, k - 3, answer(u + r), answer(u), amount > limit and -1 or math.max(0, endsAt - now()) }
  end
  local n = 3 * k - 8
  reply[n + 1], reply[n + 2] = used, u
  if used > 9e15 then reply[n + 1], reply[n + 2] = answer(used), answer(u) end
  reply[n + 3] = 0
  plan[n], plan[n + 1] = write('${PACKED.window}', u, r + amount, e, i), life
  plan[n + 2] = write('${PACKED.entry}', #key, key, amount, i, 0)
end

local function takeAll()
  -- Room for two claims at once.
  reply, plan = { 1, 0, 0, 0, 0, 0, 0 }, { 0, 0, 0, 0, 0, 0 }
  for k = 3, last do
    local key, at, refused = KEYS[k], 3 * k - 4, nil
    local kind, amount, limit, extra = key:byte(KIND), tonumber(ARGV[at]), tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
    if kind == 119 then refused = takeWindow(k, key, amount, limit, extra)
    elseif kind == 114 then refused = takeRate(k, amount, limit, extra)
    else refused = takeSlot(k, limit) end
    if refused then return refused end
  end
end
-- What others left behind matters most when there is no room.
if says('look') then giveBackEnded() end
local refused = takeAll()
for _ = 1, 10 do
  if not refused or giveBackEnded() == 0 then break end
  refused = takeAll()
end
if refused then return refused end

local all = ''
for k = 3, last do
  local key, n = KEYS[k], 3 * k - 8
  local value, life = plan[n], plan[n + 1]
  if not value then
    call('ZADD', key, now() + ARGV[3 * k - 2], id)
    if reply[n + 3] == 1 then call('PEXPIRE', key, ARGV[3 * k - 2] + 60000) end
  elseif life == 0 then call('SET', key, value, 'KEEPTTL')
  else call('SET', key, value, 'PX', life) end
  all = all .. plan[n + 2]
end
if not says('more') and call('HSETNX', KEYS[1], id, all) == 1 then return reply end
${ADDING}
local given = LEASES:sub(1, KIND - 1) .. 'x:' .. id
local before = (call('GETDEL', given) or '') .. (call('HGET', KEYS[1], id) or '')
call('HSET', KEYS[1], id, adding(before, all))
return reply`

/** Keys: reservations, leases, counters. ARGV: now, id; then what was used of each counter. Replies 0 when there is no such reservation. */
export const SETTLE = `${BASICS}${LEASES}
local id, uses, at = ARGV[2], {}, 1
local held = call('HGET', KEYS[1], id)
if held then call('HDEL', KEYS[1], id) else held = call('GETDEL', LEASES:sub(1, KIND - 1) .. 'x:' .. id) end
if not held then return 0 end
local function closeOther(key, a, b, c, used)
  ${CLOSING}
  closeIfOurs(id, key, a, b, c, used)
end
for k = 3, #KEYS do uses[KEYS[k]] = tonumber(ARGV[k]) end
while at <= #held do
  local key, a, b, c
  key, a, b, c, at = read('${PACKED.entry}', held, at)
  local used = uses[key] or 0
  uses[key] = nil
  if key:byte(KIND) == 119 then ${CLOSE_WINDOW}
  else closeOther(key, a, b, c, used) end
end
return 1`

/** Gives back one call's part of what an id holds. ARGV: now, id; then amount and msPerUnit (rates) or fresh (slots) of each claim. */
export const UNTAKE = `${BASICS}${LEASES}${CLOSING}
local id = ARGV[2]
local held = call('HGET', KEYS[1], id)
if not held then return 0 end
local back, list, at = {}, {}, 1
for k = 3, #KEYS do
  local amount, extra, kind = tonumber(ARGV[2 * k - 3]), tonumber(ARGV[2 * k - 2]), KEYS[k]:byte(KIND)
  back[KEYS[k]] = kind == 114 and amount * extra or kind == 115 and extra or amount
end
while at <= #held do
  local key, a, b, c
  key, a, b, c, at = read('${PACKED.entry}', held, at)
  list[#list + 1] = { key, a, b, c }
end
-- The latest instance of a window comes last, and that is what was taken.
for n = #list, 1, -1 do
  local key, a, b, c = unpack(list[n])
  local amount, isSlot = back[key] or 0, key:byte(KIND) == 115
  back[key] = nil
  local part = math.min(a, amount)
  if amount > 0 then close(id, key, part, b, c, 0) end
  list[n] = isSlot and amount > 0 and '' or write('${PACKED.entry}', #key, key, a - part, b, c)
end
call('HSET', KEYS[1], id, table.concat(list))
return 1`

/**
 * Keys: reservations of whoever asks, leases, mark, windows. ARGV: now, id, `reserved` | `anyway`; then endsAt and amount of each window. Replies
 * whether it booked.
 */
export const BOOK = `${BASICS}${LEASES}${CLOSING}
local now, id = clock(), ARGV[2]
local name, held = KEYS[1], call('HGET', KEYS[1], id)
for _, process in ipairs(held and {} or call('ZRANGE', LEASES, 0, -1)) do
  name = LEASES:sub(1, KIND - 1) .. 'held:' .. process
  held = call('HGET', name, id)
  if held then break end
end
if ARGV[3] == 'reserved' and not held and call('EXISTS', givenName(id)) == 0 then return 0 end
if not call('SET', KEYS[3], '1', 'NX', 'PX', ${7 * DAY}) then return 0 end
if held then
  closeAll(id, held, {})
  call('HDEL', name, id)
end
call('DEL', givenName(id))
for k = 4, #KEYS do
  local key, endsAt, amount = KEYS[k], tonumber(ARGV[2 * k - 4]), tonumber(ARGV[2 * k - 3])
  if endsAt > now then
    local u, r, e, i = 0, 0, 0, 0
    local value = call('GET', key)
    if value then u, r, e, i = read('${PACKED.window}', value) end
    if e <= now and endsAt > e then
      call('SET', key, write('${PACKED.window}', amount, 0, endsAt, endsAt), 'PX', endsAt - now + ${HOUR})
    else
      call('SET', key, write('${PACKED.window}', u + amount, r, e, i), 'KEEPTTL')
    end
  end
end
return 1`

/** Keys: reservations, leases. ARGV: now, lease. What was given back stays so. */
export const RENEW = `${BASICS}${LEASES}
return call('ZADD', LEASES, clock() + ARGV[2], KEYS[1]:sub(KIND + 5))`

/** Keys: reservations, leases. The holder ends and says so; call it again until it replies 0. ARGV: now, how many at once. */
export const GIVE_BACK = `${BASICS}${LEASES}${CLOSING}${GIVING_BACK}
return giveBackOf(KEYS[1]:sub(KIND + 5), tonumber(ARGV[2]))`

/** Keys: the counter as a window, as a rate, as slots. */
export const LEVEL = `${BASICS}${ANSWER}
local now, kept = clock(), call('MGET', KEYS[1], KEYS[2])
if kept[1] then
  local u, r, e = read('${PACKED.window}', kept[1])
  return e > now and answer(u + r) or 0
end
if kept[2] then
  local fullAt, period, limit = read('${PACKED.rate}', kept[2])
  return fullAt <= now and 0 or math.ceil((fullAt - now) / period * limit - 1e-9)
end
return call('ZCOUNT', KEYS[3], '(' .. string.format('%.0f', now), '+inf')`
