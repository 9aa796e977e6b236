package faulttest_test

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
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
	"cedula/shared/table/pebble"
)

// call is what a client asks of the service: of one of few identities, that few
// values make unique.
type modelInput struct {
	operation string // create, patch, delete or get
	id        int
	claim     int
	value     string
	key       string
	version   int64 // that it must be of; 0: any
}

// modelOutput is what the client learns. An operation of which it learns nothing may
// have taken effect or not.
type modelOutput struct {
	outcome string // ok, replayed, taken, absent, stale or unknown
	version int64
	value   string
}

const identityCount = 3

// modelState is the state of the model.
type modelState [identityCount]modelIdentity

// modelIdentity is an identity as it is, and the answers to requests with a key by which
// it came to be so: "key=version;".
type modelIdentity struct {
	exists     bool
	version    int64
	value      string
	claim      int
	keys       string
	createKeys string // the keys by which earlier lives of the id were made: "key;"
}

func (k modelIdentity) replayedVersion(key string) (version int64, is bool) {
	for answer := range strings.SplitSeq(k.keys, ";") {
		if name, text, _ := strings.Cut(answer, "="); name == key && key != "" {
			_, _ = fmt.Sscan(text, &version)
			return version, true
		}
	}
	return 0, false
}

// afterDelete is what is left of a life: the key that made it stays used.
func (k modelIdentity) afterDelete() modelIdentity {
	made, _, _ := strings.Cut(k.keys, "=")
	return modelIdentity{createKeys: k.createKeys + made + ";"}
}

func (k modelIdentity) hasUsedKey(key string) bool {
	return strings.Contains(";"+k.createKeys, ";"+key+";")
}

// afterChange is an identity's next version.
func (k modelIdentity) afterChange(a modelInput) modelIdentity {
	k.exists, k.version, k.value = true, k.version+1, a.value
	k.keys += fmt.Sprintf("%s=%d;", a.key, k.version)
	return k
}

// canCreate tells whether a create finds nobody in its way.
func (r modelState) canCreate(a modelInput) bool {
	for _, k := range r {
		if k.exists && k.claim == a.claim {
			return false
		}
	}
	return !r[a.id].exists
}

// modelStep tells whether an answer may follow in a state, and what the state is then.
func modelStep(state, input, output any) (bool, any) {
	r, a, t := state.(modelState), input.(modelInput), output.(modelOutput)
	was := r[a.id]
	first, again := was.replayedVersion(a.key)
	fits := was.exists && (a.version == 0 || a.version == was.version)
	done := r
	possible := !again
	switch a.operation {
	case "create":
		possible = possible && r.canCreate(a) && !was.hasUsedKey(a.key)
		done[a.id] = modelIdentity{claim: a.claim, createKeys: was.createKeys}.afterChange(a)
	case "patch":
		possible = possible && fits
		done[a.id] = was.afterChange(a)
	case "delete":
		possible = fits
		done[a.id] = was.afterDelete()
	case "get":
		same := was.exists && t.version == was.version && t.value == was.value
		return t.outcome == "unknown" || t.outcome == "absent" && !was.exists || t.outcome == "ok" && same, r
	}
	switch t.outcome {
	case "unknown":
		if possible {
			return true, done
		}
		return true, r
	case "ok":
		return possible && (a.operation == "delete" || t.version == done[a.id].version), done
	case "replayed":
		return again && t.version == first, r
	case "taken":
		return !again && !was.hasUsedKey(a.key) && !r.canCreate(a), r
	case "absent":
		if a.operation == "create" {
			return was.hasUsedKey(a.key), r
		}
		return !was.exists, r
	case "stale":
		return was.exists && !fits && !again, r
	}
	return false, r
}

var model = porcupine.Model{
	Init: func() any { return modelState{} },
	Step: modelStep,
	DescribeOperation: func(input, output any) string {
		return fmt.Sprintf("%+v: %+v", input, output)
	},
}

// client asks one thing after another. What it learns nothing of it asks again
// with the same key, as a request of its own.
type historyRecorder struct {
	service *identity.Service
	tenant  string
	start   time.Time
	mu      sync.Mutex
	history []porcupine.Operation
}

func (l *historyRecorder) runClient(n int, random *rand.Rand, operations int) {
	seen := map[int]int64{}
	for o := range operations {
		a := modelInput{
			operation: []string{"create", "create", "patch", "patch", "delete", "get"}[random.IntN(6)], id: random.IntN(identityCount),
			claim: random.IntN(2), value: fmt.Sprintf("v%d-%d", n, o), key: fmt.Sprintf("k%d-%d", n, o),
		}
		if a.operation == "patch" && random.IntN(3) == 0 || a.operation == "delete" && random.IntN(2) == 0 {
			a.version = seen[a.id]
		}
		for range 3 {
			t := l.record(n, a)
			if t.version > 0 {
				seen[a.id] = t.version
			}
			if t.outcome != "unknown" {
				break
			}
		}
	}
}

func (l *historyRecorder) record(client int, a modelInput) modelOutput {
	call := time.Since(l.start).Nanoseconds()
	t, known := l.execute(a)
	if !known {
		return modelOutput{outcome: "unknown"} // and nothing was done
	}
	o := porcupine.Operation{ClientId: client, Input: a, Call: call, Output: t, Return: time.Since(l.start).Nanoseconds()}
	if t.outcome == "unknown" {
		if a.operation == "get" {
			return t
		}
		o.Return = math.MaxInt64
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.history = append(l.history, o)
	return t
}

// execute asks the service. It reports false where the service says that it did
// nothing because others were in the way.
func (l *historyRecorder) execute(a modelInput) (modelOutput, bool) {
	ctx := context.Background()
	id := fmt.Sprintf("i%d", a.id)
	once := identity.Idempotency{Key: a.key, Fingerprint: [32]byte([]byte(fmt.Sprintf("%-32s", a.key)))}
	match := func(tag string) bool { return strings.HasPrefix(tag, fmt.Sprintf("%d-", a.version)) }
	if a.version == 0 {
		match = nil
	}
	var got identity.WriteResult
	var err error
	switch a.operation {
	case "create":
		got, err = l.service.Create(ctx, identity.Draft{
			Tenant: l.tenant, ID: id, Profile: identity.Profile{Nickname: a.value}, Status: identity.Active, Trusted: true, Idempotency: once,
			Claims: []identity.Claim{{Kind: "user", Values: []string{fmt.Sprint(a.claim)}}},
		})
	case "patch":
		got, err = l.service.Update(ctx, identity.Change{Tenant: l.tenant, ID: id, IfMatch: match, Idempotency: once, Apply: func(i *identity.Identity) error {
			i.Nickname = a.value
			return nil
		}})
	case "delete":
		err = l.service.Delete(ctx, l.tenant, id, match)
	case "get":
		got.Identity, err = l.service.Get(ctx, l.tenant, id)
	}
	var taken *identity.Conflict
	switch {
	case err == nil && got.Replayed:
		return modelOutput{"replayed", got.Version, got.Nickname}, true
	case err == nil:
		return modelOutput{"ok", got.Version, got.Nickname}, true
	case errors.As(err, &taken):
		return modelOutput{outcome: "taken"}, true
	case errors.Is(err, identity.ErrNotFound):
		return modelOutput{outcome: "absent"}, true
	case errors.Is(err, identity.ErrVersionMismatch):
		return modelOutput{outcome: "stale"}, true
	case errors.Is(err, identity.ErrBusy):
		return modelOutput{}, false
	case errors.Is(err, identity.ErrUnavailable):
		return modelOutput{outcome: "unknown"}, true
	}
	return modelOutput{outcome: "odd: " + err.Error()}, true
}

// TestLinearizable lets several clients create, change, delete and fetch few
// identities at once while the table fails now and then. Each history must be
// one of a registry that does one thing at a time.
func TestLinearizable(t *testing.T) {
	const clients, operations = 4, 10
	histories := 40
	if full {
		histories = 400
	}
	db, err := pebble.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	table := faulttable.NewInjector(db)
	answers := map[string]int{}
	for n := range histories {
		random := rand.New(rand.NewPCG(uint64(n), 1))
		table.SetPlan(func(_ int, k faulttable.Operation) faulttable.Fault {
			if random.IntN(8) > 0 {
				return faulttable.None
			}
			list := faulttable.FaultsFor(k)
			return list[random.IntN(len(list))]
		})
		l := &historyRecorder{service: &identity.Service{Store: store.New(table, secret), Now: time.Now}, tenant: fmt.Sprintf("t%d", n), start: time.Now()}
		var all sync.WaitGroup
		for c := range clients {
			own := rand.New(rand.NewPCG(uint64(n), uint64(c)+2))
			all.Go(func() { l.runClient(c, own, operations) })
		}
		all.Wait()
		for _, o := range l.history {
			answers[o.Output.(modelOutput).outcome]++
		}
		if result := porcupine.CheckOperationsTimeout(model, l.history, 20*time.Second); result != porcupine.Ok {
			violationCount.Add(1)
			for _, o := range l.history {
				t.Logf("%d..%d %s", o.Call, o.Return, model.DescribeOperation(o.Input, o.Output))
			}
			t.Fatalf("history %d is not linearizable: %v", n, result)
		}
	}
	t.Logf("%d histories: %v", histories, answers)
}
