import { createHash } from 'node:crypto'
import type { Script } from './client.ts'

/** Version of the data that this release reads and writes. Data of another version is refused. */
export const SCHEMA_VERSION = '1'

/** Maximum number of expired records that one write deletes. Each write adds at most one, so they cannot accumulate. */
const SWEPT_PER_WRITE = 32

/**
 * Keys, all with one root as prefix:
 *
 * `root:v` the version; `root:r:<key>` a record; `root:x` records by expiry; `root:q:<queue>` by due time;
 * `root:i:<name>` by key; `root:c:<key>` a counter.
 *
 * A record is a hash: `v` value, `n` version, and if present `e` expiry, `q` queue, `i` names (MessagePack).
 *
 * Each result is a list that begins with a word. Time is the server's, and does not change during a script. The first
 * argument, before those named below, is the deadline of the script, or ''.
 */
const prelude = `
-- Asked each time: a failover or another address may lead to another server.
local cluster = redis.pcall('INFO', 'cluster')
if type(cluster) ~= 'string' then return {'cluster_unknown'} end
if string.find(cluster, 'cluster_enabled:1', 1, true) then return {'cluster'} end
local replication = redis.pcall('INFO', 'replication')
local role = type(replication) == 'string' and string.match(replication, 'role:([%w-]+)')
if role == 'slave' or role == 'replica' then return {'replica'} end
local R = KEYS[1]
local v = redis.call('GET', R .. ':v')
if v and v ~= '${SCHEMA_VERSION}' then return {'unknown_version', v} end
local t = redis.call('TIME')
local now = tonumber(t[1]) + tonumber(t[2]) / 1000000
-- Its caller has told that it was not done: a client's queue, or a paused server, brought it late.
local deadline = tonumber(table.remove(ARGV, 1))
if deadline and now > deadline then return {'late'} end
-- A damaged record reads as an empty value, which opens as nothing: it can be skipped, named, replaced and deleted.
local BAD = {value = '', version = 'damaged', names = {}}
local function record(key)
  local f = redis.pcall('HMGET', R .. ':r:' .. key, 'v', 'n', 'e', 'q', 'i')
  -- Another error, such as a missing right, says nothing about the record.
  if f.err and string.find(f.err, 'WRONGTYPE', 1, true) then return BAD end
  if f.err then error(f.err, 0) end
  if not f[1] and not f[2] then
    if f[3] or f[4] or f[5] then return BAD end
    return nil
  end
  if not f[1] or not f[2] then return BAD end
  local r = {value = f[1], version = f[2], queue = f[4], names = {}}
  if f[3] then
    r.expires = tonumber(f[3])
    if not r.expires then return BAD end
  end
  if f[5] then
    local unpacked, names = pcall(cmsgpack.unpack, f[5])
    if not unpacked or type(names) ~= 'table' then return BAD end
    r.names = names
  end
  return r
end
local function live(key)
  local r = record(key)
  if r and r ~= BAD and r.expires and r.expires <= now then return nil, r end
  return r, r
end
local function forget(key, r)
  redis.call('DEL', R .. ':r:' .. key)
  redis.call('ZREM', R .. ':x', key)
  if not r then return end
  if r.queue then redis.call('ZREM', R .. ':q:' .. r.queue, key) end
  for _, name in ipairs(r.names) do redis.call('ZREM', R .. ':i:' .. name, key) end
end
local function sweep()
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', R .. ':x', '-inf', now, 'LIMIT', 0, ${SWEPT_PER_WRITE})) do
    forget(key, record(key))
  end
end
`

const script = (body: string): Script => {
  const text = prelude + body
  return { text, sha: createHash('sha1').update(text).digest('hex') }
}

/** The server's eviction policy, and its time. `CONFIG` would show the policy too, but managed servers forbid it. */
const eviction = script(`
local info = redis.pcall('INFO', 'memory')
local policy = type(info) == 'string' and string.match(info, 'maxmemory_policy:([%w-]+)')
if not policy then return {'unreadable', '', string.format('%.6f', now)} end
return {'policy', policy, string.format('%.6f', now)}
`)

/** key */
const get = script(`
local r = live(ARGV[1])
if not r then return {'absent'} end
return {'found', {ARGV[1], r.value, r.version}}
`)

/**
 * key, value, new version, '=' and the version to meet or '', expiry kind ('at', 'in' or ''), expiry, '=' and queue or
 * '', seconds until it is due, names…
 *
 * The caller makes the new version, once for each put. If the record has it already, an earlier copy of this command
 * was done and its answer was lost.
 */
const put = script(`
local key = ARGV[1]
local r, old = live(key)
if r and r.version == ARGV[3] then return {'written'} end
if (r and '=' .. r.version or '') ~= ARGV[4] then return {'conflict'} end
-- First of all, since a server that is full checks only the first write of a script.
redis.call('SET', R .. ':v', '${SCHEMA_VERSION}')
sweep()
local expires = false
if ARGV[5] == 'at' then expires = ARGV[6] end
if ARGV[5] == 'in' then expires = string.format('%.6f', now + tonumber(ARGV[6])) end
local queue = ARGV[7] ~= '' and string.sub(ARGV[7], 2) or false
local names, named = {}, {}
for i = 9, #ARGV do
  if not named[ARGV[i]] then names[#names + 1] = ARGV[i] end
  named[ARGV[i]] = true
end
if queue then redis.call('ZADD', R .. ':q:' .. queue, string.format('%.6f', now + tonumber(ARGV[8])), key) end
for _, name in ipairs(names) do redis.call('ZADD', R .. ':i:' .. name, 0, key) end
if expires then redis.call('ZADD', R .. ':x', expires, key) else redis.call('ZREM', R .. ':x', key) end
if old == BAD then redis.call('DEL', R .. ':r:' .. key) end
if old then
  if old.queue and old.queue ~= queue then redis.call('ZREM', R .. ':q:' .. old.queue, key) end
  for _, name in ipairs(old.names) do
    if not named[name] then redis.call('ZREM', R .. ':i:' .. name, key) end
  end
end
redis.call('HSET', R .. ':r:' .. key, 'v', ARGV[2], 'n', ARGV[3])
if expires then redis.call('HSET', R .. ':r:' .. key, 'e', expires) else redis.call('HDEL', R .. ':r:' .. key, 'e') end
if queue then redis.call('HSET', R .. ':r:' .. key, 'q', queue) else redis.call('HDEL', R .. ':r:' .. key, 'q') end
if #names > 0 then redis.call('HSET', R .. ':r:' .. key, 'i', cmsgpack.pack(names)) else redis.call('HDEL', R .. ':r:' .. key, 'i') end
return {'written'}
`)

/** key, '=' and the version to meet or '' for any. */
const remove = script(`
local r, any = live(ARGV[1])
if ARGV[2] ~= '' and (not r or '=' .. r.version ~= ARGV[2]) then return {'conflict'} end
forget(ARGV[1], any)
return {'deleted'}
`)

/**
 * queue, limit, lease, stem of the new versions.
 *
 * A damaged record is postponed like the others, so that it does not block the queue. It is reported once nothing else
 * is due.
 */
const claim = script(`
sweep()
local q = R .. ':q:' .. ARGV[1]
local ends = string.format('%.6f', now + tonumber(ARGV[3]))
local found, bad = {}, false
for _, key in ipairs(redis.call('ZRANGEBYSCORE', q, '-inf', now, 'LIMIT', 0, ARGV[2])) do
  local r = live(key)
  if r == BAD then
    bad = bad or key
    redis.call('ZADD', q, ends, key)
  elseif not r or r.queue ~= ARGV[1] then
    redis.call('ZREM', q, key)
  else
    local version = ARGV[4] .. '.' .. #found
    redis.call('HSET', R .. ':r:' .. key, 'n', version)
    redis.call('ZADD', q, ends, key)
    found[#found + 1] = key
    found[#found + 1] = r.value
    found[#found + 1] = version
  end
end
if bad and #found == 0 then return {'corrupt', bad} end
return {'found', found}
`)

/** index, limit, '=' and the key to begin after or '' */
const list = script(`
local found, from, limit = {}, '-', tonumber(ARGV[2])
if ARGV[3] ~= '' then from = '(' .. string.sub(ARGV[3], 2) end
while #found < limit * 3 do
  local keys = redis.call('ZRANGEBYLEX', R .. ':i:' .. ARGV[1], from, '+', 'LIMIT', 0, limit)
  for _, key in ipairs(keys) do
    local r = live(key)
    if r and #found < limit * 3 then
      found[#found + 1] = key
      found[#found + 1] = r.value
      found[#found + 1] = r.version
    end
  end
  if #keys < limit then break end
  from = '(' .. keys[#keys]
end
return {'found', found}
`)

/** key, window in milliseconds */
const increment = script(`
if not v then redis.call('SET', R .. ':v', '${SCHEMA_VERSION}') end
-- With its end from the beginning: a count without one would never restart.
redis.call('SET', R .. ':c:' .. ARGV[1], 0, 'PX', ARGV[2], 'NX')
return {'total', redis.call('INCR', R .. ':c:' .. ARGV[1])}
`)

const time = script(`return {'time', string.format('%.6f', now)}`)

export const scripts = { eviction, time, get, put, remove, claim, list, increment } as const
