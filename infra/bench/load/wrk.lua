-- wrk sends what the environment says: METHOD; PATHS, a file with one path per line,
-- used in turns; HEADERS, one per line; BODY, in which @N@ is replaced by a number
-- that no other request has (RUN and a counter). The last line of output is JSON.
local method = os.getenv("METHOD")
local body = os.getenv("BODY")
local run = os.getenv("RUN")
local headers, paths = {}, {}

for line in os.getenv("HEADERS"):gmatch("[^\n]+") do
  local name, value = line:match("^([^:]+):%s*(.*)$")
  headers[name] = value
end
for line in io.lines(os.getenv("PATHS")) do
  paths[#paths + 1] = line
end
if body == "" then body = nil end

local n = 0

function request()
  n = n + 1
  local sent = body
  if sent then sent = sent:gsub("@N@", string.format("%s%07d", run, n)) end
  return wrk.format(method, paths[n % #paths + 1], headers, sent)
end

function done(summary, latency)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests":%d,"us":%d,"p50":%d,"p99":%d,"errorResponses":%d,"networkErrors":%d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.status, e.connect + e.read + e.write + e.timeout))
end
