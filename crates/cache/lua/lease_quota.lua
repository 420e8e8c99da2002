-- lease_quota: gives an instance some of the items that an agency has left.
-- KEYS: what is left. ARGV: items a second, items wanted.
-- What somebody put in its place is no quota, and goes.
if redis.call('TYPE', KEYS[1]).ok ~= 'hash' then redis.call('UNLINK', KEYS[1]) end
local limit, wanted = tonumber(ARGV[1]), tonumber(ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local kept = redis.call('HMGET', KEYS[1], 'left', 'at')
local left, at = tonumber(kept[1]) or limit, tonumber(kept[2]) or now
left = math.min(limit, left + math.max(0, now - at) * limit / 1000)
local given = math.max(0, math.floor(math.min(wanted, left)))
redis.call('HSET', KEYS[1], 'left', string.format('%.3f', left - given), 'at', now)
redis.call('PEXPIRE', KEYS[1], 5000)
return given
