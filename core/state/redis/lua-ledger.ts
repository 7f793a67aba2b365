// The ledger's Lua. Keys: `x:<id>` holds a reservation, `leases` when reservations end, `w:`/`r:`/`s:<counter>` windows, rates and slots.
// Sums stay strings (HINCRBY adds 64-bit integers); numbers that are compared are below 2^53.

/**
 * Shared by the scripts below. A reservation's entry is named as its counter's key without the tenant's base. Its value:
 * window `first|amount|last` (window instance to book to, amount reserved, instance reserved in), rate `ms|msPerUnit|period`, slot `1`.
 */
const PRELUDE = `
local DAY = 86400000
-- Whole milliseconds: the test's, or the server's.
local function clock(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function whole(number) return string.format('%.0f', number) end
-- The client reads integers next to 2^53 a little wrong; texts it reads right.
local function answer(number) return number > 9e15 and whole(number) or number end
local function exact(number) return string.format('%.17g', number) end

local function closeWindow(key, value, used)
  local first, amount, last = value:match('^(%d+)|(%d+)|(%d+)$')
  local instance = redis.call('HGET', key, 'i')
  if instance == last and amount ~= '0' then redis.call('HINCRBY', key, 'r', '-' .. amount) end
  if instance == first and used ~= '0' then redis.call('HINCRBY', key, 'u', used) end
end

local function moveRate(key, change, perUnit, period, given)
  if change == 0 then return end
  local fullAt = tonumber(redis.call('HGET', key, 'f') or '0')
  if change < 0 then
    if fullAt > 0 then redis.call('HSET', key, 'f', exact(fullAt + change)) end
    return
  end
  local now = clock(given)
  fullAt = math.max(fullAt, now) + change
  redis.call('HSET', key, 'f', exact(fullAt), 'p', exact(period), 'l', whole(period / perUnit))
  redis.call('PEXPIRE', key, math.ceil(fullAt - now) + period + 60000)
end

local function closeRate(key, value, used, given)
  local ms, perUnit, period = value:match('^(.-)|(.-)|(.*)$')
  moveRate(key, tonumber(used) * tonumber(perUnit) - tonumber(ms), tonumber(perUnit), tonumber(period), given)
end

-- Gives back what one entry holds and books what was used.
local function closeEntry(base, id, field, value, used, given)
  local kind = field:sub(1, 1)
  if kind == 'w' then closeWindow(base .. field, value, used)
  elseif kind == 'r' then closeRate(base .. field, value, used, given)
  else redis.call('ZREM', base .. field, id) end
end

-- Gives back a reservation whose holder is gone. It stays for a day with nothing in it, so that its use can still be booked.
local function giveBack(base, id, given)
  redis.call('ZREM', base .. 'leases', id)
  local held = redis.call('HGETALL', base .. 'x:' .. id)
  if #held == 0 then return end
  for n = 1, #held, 2 do
    local field, value = held[n], held[n + 1]
    closeEntry(base, id, field, value, '0', given)
    if field:sub(1, 1) == 'w' then held[n + 1] = value:gsub('|%d+|', '|0|')
    elseif field:sub(1, 1) == 'r' then held[n + 1] = value:gsub('^.-|', '0|') end
  end
  redis.call('HSET', base .. 'x:' .. id, unpack(held))
  redis.call('PEXPIRE', base .. 'x:' .. id, DAY)
end

-- A window whose end has passed is another window as soon as a later end is named.
local function isOver(endsAt, named, now)
  return not endsAt or (tonumber(endsAt) <= now and tonumber(named) > tonumber(endsAt))
end
local function keepWindow(key, endsAt, now)
  redis.call('PEXPIRE', key, math.max(0, tonumber(endsAt) - now) + 3600000)
end
`

/**
 * ARGV: now, id, lease, how many ended ones to give back at once, and whether to do so in any case; then amount, limit, and endsAt | periodMs |
 * leaseMs of each claim. Replies 1 and (used, settled, fresh) of each, or 0, which claim, used, settled, and ms to wait (-1: waiting is no help).
 */
export const RESERVE = `${PRELUDE}
local base = KEYS[2]:sub(1, -7)
local now, id = clock(ARGV[1]), ARGV[2]
local function giveBackEnded()
  local ended = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, ARGV[4])
  for _, holder in ipairs(ended) do giveBack(base, holder, ARGV[1]) end
  return #ended
end

local function rateLevel(fullAt, limit, period)
  return fullAt <= now and 0 or math.ceil((fullAt - now) / period * limit - 1e-9)
end
local touched = {}

local function takeWindow(key, amount, limit, endsAt, text)
  local w = touched[key]
  if not w then
    local kept = redis.call('HMGET', key, 'u', 'r', 'e', 'i')
    w = { u = tonumber(kept[1] or '0'), r = tonumber(kept[2] or '0'), i = kept[4], e = kept[3], before = kept[3], add = 0 }
    if isOver(w.e, endsAt, now) then w = { u = 0, r = 0, i = endsAt, fresh = true, add = 0 } end
    if w.fresh or tonumber(w.e) > now then w.e = endsAt end
    touched[key] = w
  end
  if w.u + w.r + w.add + amount > limit then
    return { w.u + w.r, w.u, amount > limit and -1 or math.max(0, tonumber(endsAt) - now) }
  end
  w.text = not w.text and text or whole(w.add + amount)
  w.add = w.add + amount
end

local function takeRate(key, amount, limit, period)
  local r = touched[key]
  if not r then
    local fullAt = tonumber(redis.call('HGET', key, 'f') or '0')
    r = { kept = fullAt, f = fullAt, ms = 0 }
    touched[key] = r
  end
  r.limit, r.period, r.per = limit, period, limit == 0 and 0 or period / limit
  local fullAt = math.max(r.f, now) + amount * r.per
  if amount > limit or fullAt - now > period + 0.001 then
    local level = rateLevel(r.kept, limit, period)
    if amount > limit or limit == 0 then return { level, level, -1 } end
    return { level, level, math.max(1, math.ceil(math.max(r.kept, now) + amount * r.per - now - period)) }
  end
  r.f, r.ms = fullAt, r.ms + amount * r.per
end

local function takeSlot(key, limit)
  if touched[key] then return end
  local held = redis.call('ZSCORE', key, id)
  local count = redis.call('ZCARD', key)
  if not held and count >= limit then
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
    count = redis.call('ZCARD', key)
    if count >= limit then return { count, 0, limit == 0 and -1 or 1000 } end
  end
  touched[key] = { count = held and count or count + 1, fresh = not held }
end

local count, from = #KEYS - 2, #base + 1
local fields, kinds = {}, {}
for i = 1, count do
  local field = KEYS[i + 2]:sub(from)
  fields[i], kinds[i] = field, field:byte()
end
local WINDOW, RATE = 119, 114

local function takeAll()
  touched = {}
  for i = 1, count do
    local key, at, kind, refused = KEYS[i + 2], 3 * i + 3, kinds[i], nil
    local amount, limit = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    if kind == WINDOW then refused = takeWindow(key, amount, limit, ARGV[at + 2], ARGV[at])
    elseif kind == RATE then refused = takeRate(key, amount, limit, tonumber(ARGV[at + 2]))
    else refused = takeSlot(key, limit) end
    if refused then return { 0, i - 1, answer(refused[1]), answer(refused[2]), refused[3] } end
  end
end
-- What others left behind matters most when there is no room.
if ARGV[5] == '1' then giveBackEnded() end
local refused = takeAll()
for _ = 1, 10 do
  if not refused or giveBackEnded() == 0 then break end
  refused = takeAll()
end
if refused then return refused end

local entries, held, size = {}, {}, 0
-- No expiry here: it would cost every request, and whoever comes after the lease has ended gives back and sets one.
local isNew = redis.call('ZADD', KEYS[2], now + ARGV[3], id) == 1
if not isNew then held = redis.call('HMGET', KEYS[1], unpack(fields)) end

local function keep(i, key, field, c)
  local entry, kind = '1', kinds[i]
  if kind == WINDOW then
    if c.fresh then redis.call('HSET', key, 'u', '0', 'r', c.text, 'e', c.e, 'i', c.i)
    elseif c.add > 0 then redis.call('HINCRBY', key, 'r', c.text) end
    if c.e ~= c.before then
      if not c.fresh then redis.call('HSET', key, 'e', c.e) end
      keepWindow(key, c.e, now)
    end
    local first, text = c.i, c.text
    if held[i] then
      local amount, last
      first, amount, last = held[i]:match('^(%d+)|(%d+)|(%d+)$')
      if last == c.i then text = whole(amount + c.add) end
    end
    entry = first .. '|' .. text .. '|' .. c.i
  elseif kind == RATE then
    redis.call('HSET', key, 'f', exact(c.f), 'p', exact(c.period), 'l', whole(c.limit))
    redis.call('PEXPIRE', key, 2 * c.period + 60000)
    local ms = held[i] and tonumber(held[i]:match('^(.-)|')) or 0
    entry = exact(ms + c.ms) .. '|' .. exact(c.per) .. '|' .. exact(c.period)
  else
    redis.call('ZADD', key, now + ARGV[3 * i + 5], id)
    if c.fresh then redis.call('PEXPIRE', key, ARGV[3 * i + 5] + 60000) end
  end
  entries[size + 1], entries[size + 2] = field, entry
  size = size + 2
end
for i = 1, count do
  local c = touched[KEYS[i + 2]]
  if not c.done then
    c.done = true
    keep(i, KEYS[i + 2], fields[i], c)
  end
end
redis.call('HSET', KEYS[1], unpack(entries))

local reply = { 1 }
for i = 1, count do
  local c, kind = touched[KEYS[i + 2]], kinds[i]
  local used, settled = c.count, 0
  if kind == WINDOW then used, settled = c.u + c.r + c.add, c.u
  elseif kind == RATE then used = rateLevel(c.f, c.limit, c.period) settled = used end
  reply[3 * i - 1], reply[3 * i], reply[3 * i + 1] = answer(used), answer(settled), c.fresh and 1 or 0
end
return reply`

/** ARGV: now, id; then field and amount used of each counter. Replies 0 when there is no such reservation. */
export const SETTLE = `${PRELUDE}
local base, id = KEYS[2]:sub(1, -7), ARGV[2]
local held = redis.call('HGETALL', KEYS[1])
if #held == 0 then return 0 end
local used = {}
for n = 3, #ARGV, 2 do used[ARGV[n]] = ARGV[n + 1] end
for n = 1, #held, 2 do closeEntry(base, id, held[n], held[n + 1], used[held[n]:sub(3)] or '0', ARGV[1]) end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], id)
return 1`

/** Gives back one call's part of a reservation. ARGV: now, id; then amount and msPerUnit (rates) or fresh (slots) of each claim. */
export const UNTAKE = `${PRELUDE}
local base, id = KEYS[2]:sub(1, -7), ARGV[2]
for i = 1, #KEYS - 2 do
  local key, amount, extra = KEYS[i + 2], ARGV[2 * i + 1], ARGV[2 * i + 2]
  local field = key:sub(#base + 1)
  local entry = redis.call('HGET', KEYS[1], field)
  local kind = entry and field:sub(1, 1)
  if kind == 'w' then
    local first, held, last = entry:match('^(%d+)|(%d+)|(%d+)$')
    local part = whole(math.min(tonumber(held), tonumber(amount)))
    closeWindow(key, '0|' .. part .. '|' .. last, '0')
    redis.call('HSET', KEYS[1], field, first .. '|' .. whole(tonumber(held) - part) .. '|' .. last)
  elseif kind == 'r' then
    local ms, perUnit, period = entry:match('^(.-)|(.-)|(.*)$')
    local part = math.min(tonumber(ms), amount * extra)
    moveRate(key, -part, tonumber(perUnit), tonumber(period), ARGV[1])
    redis.call('HSET', KEYS[1], field, exact(tonumber(ms) - part) .. '|' .. perUnit .. '|' .. period)
  elseif kind == 's' and extra == '1' then
    redis.call('ZREM', key, id)
    redis.call('HDEL', KEYS[1], field)
  end
end
return 1`

/** ARGV: now, id, `reserved` | `anyway`; then endsAt and amount of each window. Replies whether it booked. */
export const BOOK = `${PRELUDE}
local base, now, id = KEYS[2]:sub(1, -7), clock(ARGV[1]), ARGV[2]
if ARGV[3] == 'reserved' and redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if not redis.call('SET', KEYS[3], '1', 'NX', 'PX', 7 * DAY) then return 0 end
local held = redis.call('HGETALL', KEYS[1])
for n = 1, #held, 2 do closeEntry(base, id, held[n], held[n + 1], '0', ARGV[1]) end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[2], id)
for i = 1, #KEYS - 3 do
  local key, endsAt, amount = KEYS[i + 3], ARGV[2 * i + 2], ARGV[2 * i + 3]
  if tonumber(endsAt) > now then
    if isOver(redis.call('HGET', key, 'e'), endsAt, now) then
      redis.call('HSET', key, 'u', amount, 'r', '0', 'e', endsAt, 'i', endsAt)
      keepWindow(key, endsAt, now)
    else
      redis.call('HINCRBY', key, 'u', amount)
    end
  end
end
return 1`

/** ARGV: now, lease, ids. A reservation that was given back stays so. */
export const RENEW = `${PRELUDE}
local score = clock(ARGV[1]) + ARGV[2]
for n = 3, #ARGV do redis.call('ZADD', KEYS[1], 'XX', score, ARGV[n]) end
return 1`

/** The holder ends and says so. ARGV: now, ids. */
export const GIVE_BACK = `${PRELUDE}
local base = KEYS[1]:sub(1, -7)
for n = 2, #ARGV do giveBack(base, ARGV[n], ARGV[1]) end
return 1`

/** Keys: the counter as a window, as a rate, as slots. */
export const LEVEL = `${PRELUDE}
local now = clock(ARGV[1])
local w = redis.call('HMGET', KEYS[1], 'u', 'r', 'e')
if w[1] then return tonumber(w[3]) > now and answer(w[1] + w[2]) or 0 end
local r = redis.call('HMGET', KEYS[2], 'f', 'p', 'l')
if r[1] then return tonumber(r[1]) <= now and 0 or math.ceil((r[1] - now) / r[2] * r[3] - 1e-9) end
return redis.call('ZCOUNT', KEYS[3], '(' .. whole(now), '+inf')`
