package faults_test

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
	"cedula/shared/table/embedded"
	"cedula/shared/table/faults"
)

// call is what a client asks of the service: of one of few identities, that few
// values make unique.
type asked struct {
	do      string // create, patch, delete or get
	id      int
	claim   int
	value   string
	key     string
	version int64 // that it must be of; 0: any
}

// told is what the client learns. An operation of which it learns nothing may
// have taken effect or not.
type told struct {
	what    string // ok, replayed, taken, absent, stale or unknown
	version int64
	value   string
}

const identities = 3

// registry is the state of the model.
type registry [identities]kept

// kept is an identity as it is, and the answers to requests with a key by which
// it came to be so: "key=version;".
type kept struct {
	there   bool
	version int64
	value   string
	claim   int
	keys    string
	spent   string // the keys by which earlier lives of the id were made: "key;"
}

func (k kept) answered(key string) (version int64, is bool) {
	for answer := range strings.SplitSeq(k.keys, ";") {
		if name, text, _ := strings.Cut(answer, "="); name == key && key != "" {
			_, _ = fmt.Sscan(text, &version)
			return version, true
		}
	}
	return 0, false
}

// end is what is left of a life: the key that made it stays used.
func (k kept) end() kept {
	made, _, _ := strings.Cut(k.keys, "=")
	return kept{spent: k.spent + made + ";"}
}

func (k kept) used(key string) bool { return strings.Contains(";"+k.spent, ";"+key+";") }

// change is an identity's next version.
func (k kept) change(a asked) kept {
	k.there, k.version, k.value = true, k.version+1, a.value
	k.keys += fmt.Sprintf("%s=%d;", a.key, k.version)
	return k
}

// free tells whether a create finds nobody in its way.
func (r registry) free(a asked) bool {
	for _, k := range r {
		if k.there && k.claim == a.claim {
			return false
		}
	}
	return !r[a.id].there
}

// step tells whether an answer may follow in a state, and what the state is then.
func step(state, input, output any) (bool, any) {
	r, a, t := state.(registry), input.(asked), output.(told)
	was := r[a.id]
	first, again := was.answered(a.key)
	fits := was.there && (a.version == 0 || a.version == was.version)
	done := r
	possible := !again
	switch a.do {
	case "create":
		possible = possible && r.free(a) && !was.used(a.key)
		done[a.id] = kept{claim: a.claim, spent: was.spent}.change(a)
	case "patch":
		possible = possible && fits
		done[a.id] = was.change(a)
	case "delete":
		possible = fits
		done[a.id] = was.end()
	case "get":
		same := was.there && t.version == was.version && t.value == was.value
		return t.what == "unknown" || t.what == "absent" && !was.there || t.what == "ok" && same, r
	}
	switch t.what {
	case "unknown":
		if possible {
			return true, done
		}
		return true, r
	case "ok":
		return possible && (a.do == "delete" || t.version == done[a.id].version), done
	case "replayed":
		return again && t.version == first, r
	case "taken":
		return !again && !was.used(a.key) && !r.free(a), r
	case "absent":
		if a.do == "create" {
			return was.used(a.key), r
		}
		return !was.there, r
	case "stale":
		return was.there && !fits && !again, r
	}
	return false, r
}

var model = porcupine.Model{
	Init: func() any { return registry{} },
	Step: step,
	DescribeOperation: func(input, output any) string {
		return fmt.Sprintf("%+v: %+v", input, output)
	},
}

// client asks one thing after another. What it learns nothing of it asks again
// with the same key, as a request of its own.
type linear struct {
	service *identity.Service
	tenant  string
	start   time.Time
	mu      sync.Mutex
	history []porcupine.Operation
}

func (l *linear) client(n int, random *rand.Rand, operations int) {
	seen := map[int]int64{}
	for o := range operations {
		a := asked{
			do: []string{"create", "create", "patch", "patch", "delete", "get"}[random.IntN(6)], id: random.IntN(identities),
			claim: random.IntN(2), value: fmt.Sprintf("v%d-%d", n, o), key: fmt.Sprintf("k%d-%d", n, o),
		}
		if a.do == "patch" && random.IntN(3) == 0 || a.do == "delete" && random.IntN(2) == 0 {
			a.version = seen[a.id]
		}
		for range 3 {
			t := l.ask(n, a)
			if t.version > 0 {
				seen[a.id] = t.version
			}
			if t.what != "unknown" {
				break
			}
		}
	}
}

func (l *linear) ask(client int, a asked) told {
	call := time.Since(l.start).Nanoseconds()
	t, known := l.carryOut(a)
	if !known {
		return told{what: "unknown"} // and nothing was done
	}
	o := porcupine.Operation{ClientId: client, Input: a, Call: call, Output: t, Return: time.Since(l.start).Nanoseconds()}
	if t.what == "unknown" {
		if a.do == "get" {
			return t
		}
		o.Return = math.MaxInt64
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.history = append(l.history, o)
	return t
}

// carryOut asks the service. It reports false where the service says that it did
// nothing because others were in the way.
func (l *linear) carryOut(a asked) (told, bool) {
	ctx := context.Background()
	id := fmt.Sprintf("i%d", a.id)
	once := identity.Idempotency{Key: a.key, Fingerprint: [32]byte([]byte(fmt.Sprintf("%-32s", a.key)))}
	match := func(tag string) bool { return strings.HasPrefix(tag, fmt.Sprintf("%d-", a.version)) }
	if a.version == 0 {
		match = nil
	}
	var got identity.Changed
	var err error
	switch a.do {
	case "create":
		got, err = l.service.Create(ctx, identity.Draft{
			Tenant: l.tenant, ID: id, Profile: identity.Profile{Nickname: a.value}, Status: identity.Active, Trusted: true, Idempotency: once,
			Claims: []identity.Claim{{Kind: "user", Values: []string{fmt.Sprint(a.claim)}}},
		})
	case "patch":
		got, err = l.service.Change(ctx, identity.Change{Tenant: l.tenant, ID: id, Match: match, Idempotency: once, Apply: func(i *identity.Identity) error {
			i.Nickname = a.value
			return nil
		}})
	case "delete":
		err = l.service.Delete(ctx, l.tenant, id, match)
	case "get":
		got.Identity, err = l.service.Get(ctx, l.tenant, id)
	}
	var taken *identity.Taken
	switch {
	case err == nil && got.Replayed:
		return told{"replayed", got.Version, got.Nickname}, true
	case err == nil:
		return told{"ok", got.Version, got.Nickname}, true
	case errors.As(err, &taken):
		return told{what: "taken"}, true
	case errors.Is(err, identity.ErrNotFound):
		return told{what: "absent"}, true
	case errors.Is(err, identity.ErrStale):
		return told{what: "stale"}, true
	case errors.Is(err, identity.ErrBusy):
		return told{}, false
	case errors.Is(err, identity.ErrUnavailable):
		return told{what: "unknown"}, true
	}
	return told{what: "odd: " + err.Error()}, true
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
	db, err := embedded.Open(t.TempDir(), store.Indexes)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	table := faults.Inject(db)
	answers := map[string]int{}
	for n := range histories {
		random := rand.New(rand.NewPCG(uint64(n), 1))
		table.Plan(func(_ int, k faults.Kind) faults.Fault {
			if random.IntN(8) > 0 {
				return faults.None
			}
			list := faults.Of(k)
			return list[random.IntN(len(list))]
		})
		l := &linear{service: &identity.Service{Store: store.New(table, secret), Now: time.Now}, tenant: fmt.Sprintf("t%d", n), start: time.Now()}
		var all sync.WaitGroup
		for c := range clients {
			own := rand.New(rand.NewPCG(uint64(n), uint64(c)+2))
			all.Go(func() { l.client(c, own, operations) })
		}
		all.Wait()
		for _, o := range l.history {
			answers[o.Output.(told).what]++
		}
		if result := porcupine.CheckOperationsTimeout(model, l.history, 20*time.Second); result != porcupine.Ok {
			broken.Add(1)
			for _, o := range l.history {
				t.Logf("%d..%d %s", o.Call, o.Return, model.DescribeOperation(o.Input, o.Output))
			}
			t.Fatalf("history %d is not linearizable: %v", n, result)
		}
	}
	t.Logf("%d histories: %v", histories, answers)
}
