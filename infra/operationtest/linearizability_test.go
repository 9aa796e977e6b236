package operationtest_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
)

// modelInput is a request for one of few identities, whose claims have few values.
type modelInput struct {
	operation string // create, patch, delete or get
	id        int
	claim     int
	value     string
	key       string
	version   int64 // that If-Match demands; 0: any
}

// modelOutput is what the client learns. An unknown outcome may have taken effect or not.
type modelOutput struct {
	outcome string // ok, replayed, conflict, absent, stale, unknown or busy
	version int64
	value   string
}

const identityCount = 3

type modelState [identityCount]modelIdentity

type modelIdentity struct {
	exists     bool
	version    int64
	value      string
	claim      int
	keys       string // the requests with a key that led to each version: "key=version;"
	createKeys string // the keys that created earlier incarnations of the id: "key;"
}

func (i modelIdentity) replayedVersion(key string) (version int64, found bool) {
	for request := range strings.SplitSeq(i.keys, ";") {
		if name, text, _ := strings.Cut(request, "="); name == key && key != "" {
			_, _ = fmt.Sscan(text, &version)
			return version, true
		}
	}
	return 0, false
}

func (i modelIdentity) hasUsedKey(key string) bool {
	return strings.Contains(";"+i.createKeys, ";"+key+";")
}

// afterDelete keeps the key that created the incarnation: it stays used.
func (i modelIdentity) afterDelete() modelIdentity {
	created, _, _ := strings.Cut(i.keys, "=")
	return modelIdentity{createKeys: i.createKeys + created + ";"}
}

func (i modelIdentity) afterChange(in modelInput) modelIdentity {
	i.exists, i.value = true, in.value
	i.version++
	i.keys += fmt.Sprintf("%s=%d;", in.key, i.version)
	return i
}

// conflicts reports whether a create finds its id or its claim in use.
func (s modelState) conflicts(in modelInput) bool {
	for _, i := range s {
		if i.exists && i.claim == in.claim {
			return true
		}
	}
	return s[in.id].exists
}

// modelStep reports whether an output may follow in a state, and returns the state after it.
func modelStep(state, input, output any) (bool, any) {
	s, in, out := state.(modelState), input.(modelInput), output.(modelOutput)
	was := s[in.id]
	replayVersion, isReplay := was.replayedVersion(in.key)
	isUsed := in.operation == "create" && was.hasUsedKey(in.key)
	matches := was.exists && (in.version == 0 || in.version == was.version)
	next, possible := s, false
	switch in.operation {
	case "create":
		possible = !isReplay && !isUsed && !s.conflicts(in)
		next[in.id] = modelIdentity{claim: in.claim, createKeys: was.createKeys}.afterChange(in)
	case "patch":
		possible = !isReplay && matches
		next[in.id] = was.afterChange(in)
	case "delete":
		possible = matches
		next[in.id] = was.afterDelete()
	case "get":
		possible = was.exists && out.version == was.version && out.value == was.value
	}
	switch out.outcome {
	case "unknown":
		if !possible {
			next = s
		}
		return true, next
	case "ok":
		return possible && (in.operation == "delete" || out.version == next[in.id].version), next
	case "replayed":
		return isReplay && out.version == replayVersion, s
	case "conflict":
		return !isReplay && !isUsed && s.conflicts(in), s
	case "absent":
		return isUsed || in.operation != "create" && !was.exists, s
	case "stale":
		return was.exists && !matches && !isReplay, s
	}
	return false, s
}

var model = porcupine.Model{
	Init: func() any { return modelState{} },
	Step: modelStep,
	DescribeOperation: func(input, output any) string {
		return fmt.Sprintf("%+v: %+v", input, output)
	},
}

// historyRecorder records what clients ask of a registry and learn from it.
type historyRecorder struct {
	service *registry.Registry
	tenant  string
	start   time.Time
	mu      sync.Mutex
	history []porcupine.Operation
}

// runClient sends one request after another. After an unknown outcome it sends the same request again.
func (h *historyRecorder) runClient(client int, random *rand.Rand, operations int) {
	seen := map[int]int64{}
	for n := range operations {
		in := modelInput{
			operation: []string{"create", "create", "patch", "patch", "delete", "get"}[random.IntN(6)], id: random.IntN(identityCount),
			claim: random.IntN(2), value: fmt.Sprintf("v%d-%d", client, n), key: fmt.Sprintf("k%d-%d", client, n),
		}
		if in.operation == "patch" && random.IntN(3) == 0 || in.operation == "delete" && random.IntN(2) == 0 {
			in.version = seen[in.id]
		}
		for range 3 {
			out := h.record(client, in)
			if out.version > 0 {
				seen[in.id] = out.version
			}
			if out.outcome != "unknown" && out.outcome != "busy" {
				break
			}
		}
	}
}

// record sends a request. The history leaves out requests that had no effect: those that found the registry busy, and
// reads whose outcome is unknown.
func (h *historyRecorder) record(client int, in modelInput) modelOutput {
	call := time.Since(h.start).Nanoseconds()
	out := h.execute(in)
	o := porcupine.Operation{ClientId: client, Input: in, Call: call, Output: out, Return: time.Since(h.start).Nanoseconds()}
	if out.outcome == "busy" || out.outcome == "unknown" && in.operation == "get" {
		return out
	}
	if out.outcome == "unknown" {
		o.Return = math.MaxInt64
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.history = append(h.history, o)
	return out
}

func (h *historyRecorder) execute(in modelInput) modelOutput {
	ctx := context.Background()
	id := fmt.Sprintf("i%d", in.id)
	idempotency := identity.Idempotency{Key: in.key, Fingerprint: [32]byte([]byte(fmt.Sprintf("%-32s", in.key)))}
	var ifMatch func(tag string) bool
	if in.version != 0 {
		ifMatch = func(tag string) bool { return strings.HasPrefix(tag, fmt.Sprintf("%d-", in.version)) }
	}
	var got identity.WriteResult
	var err error
	switch in.operation {
	case "create":
		got, err = h.service.Create(ctx, registry.Draft{
			Tenant: h.tenant, ID: id, Profile: identity.Profile{Nickname: in.value}, Status: identity.Active, Trusted: true, Idempotency: idempotency,
			Claims: []identity.Claim{{Kind: "user", Values: []string{fmt.Sprint(in.claim)}}},
		})
	case "patch":
		got, err = h.service.Update(ctx, registry.Change{Tenant: h.tenant, ID: id, IfMatch: ifMatch, Idempotency: idempotency, Apply: func(i *identity.Identity) error {
			i.Nickname = in.value
			return nil
		}})
	case "delete":
		err = h.service.Delete(ctx, h.tenant, id, ifMatch)
	case "get":
		got.Identity, err = h.service.Get(ctx, h.tenant, id)
	}
	if err != nil {
		return modelOutput{outcome: outcomeOf(err)}
	}
	if got.Replayed {
		return modelOutput{"replayed", got.Version, got.Nickname}
	}
	return modelOutput{"ok", got.Version, got.Nickname}
}

func outcomeOf(err error) string {
	if _, ok := errors.AsType[*identity.Conflict](err); ok {
		return "conflict"
	}
	for known, outcome := range map[error]string{
		identity.ErrNotFound: "absent", identity.ErrVersionMismatch: "stale", identity.ErrBusy: "busy", identity.ErrUnavailable: "unknown",
	} {
		if errors.Is(err, known) {
			return outcome
		}
	}
	return "unexpected: " + err.Error()
}

// randomFaults is a plan in which a share of the calls meets a fault.
func randomFaults(random *rand.Rand, share float64) func(int, faulttable.Operation) faulttable.Fault {
	return func(_ int, k faulttable.Operation) faulttable.Fault {
		if random.Float64() < share {
			list := faulttable.FaultsFor(k)
			return list[random.IntN(len(list))]
		}
		return faulttable.None
	}
}

// TestHistoriesAreLinearizable lets several clients create, change, delete and fetch few identities concurrently while
// the table fails now and then. Each history must be possible for a registry that does one thing at a time.
func TestHistoriesAreLinearizable(t *testing.T) {
	const clients, operations = 4, 10
	histories := soakOr(40, 400)
	table := faulttable.NewInjector(openTable(t))
	outcomes := map[string]int{}
	for n := range histories {
		table.SetPlan(randomFaults(rand.New(rand.NewPCG(uint64(n), 1)), 1.0/8))
		h := &historyRecorder{service: &registry.Registry{Store: store.New(table, secret), Now: time.Now}, tenant: fmt.Sprintf("t%d", n), start: time.Now()}
		var all sync.WaitGroup
		for c := range clients {
			random := rand.New(rand.NewPCG(uint64(n), uint64(c)+2))
			all.Go(func() { h.runClient(c, random, operations) })
		}
		all.Wait()
		for _, o := range h.history {
			outcomes[o.Output.(modelOutput).outcome]++
		}
		if got := porcupine.CheckOperationsTimeout(model, h.history, 20*time.Second); got != porcupine.Ok {
			violationCount.Add(1)
			for _, o := range h.history {
				t.Logf("%d..%d %s", o.Call, o.Return, model.DescribeOperation(o.Input, o.Output))
			}
			t.Fatalf("history %d: linearizable = %v, want %v", n, got, porcupine.Ok)
		}
	}
	t.Logf("%d histories: %v", histories, outcomes)
}
