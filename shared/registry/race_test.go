package registry_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cedula/infra/testenv"
	"cedula/shared/identity"
	"cedula/shared/registry"
)

// raceRound is one identity on which workers tokenize, delete, replay, update and expire concurrently.
type raceRound struct {
	*testRegistry
	draft  registry.Draft
	change registry.Change
	clock  atomic.Int64 // orders the beginnings and ends of calls

	mu        sync.Mutex
	tokenized map[identity.Field]int64 // when the first call that tokenized the field returned
	gone      int64                    // when the first call that removed the identity returned; 0: not
	views     []raceView
}

// raceView is what a call returned.
type raceView struct {
	call  string
	began int64
	identity.WriteResult
	err error
}

const clearText = "Clearvalue"

// run makes a call and notes what it returned.
func (r *raceRound) run(call string) {
	v := raceView{call: call, began: r.clock.Add(1)}
	switch call {
	case "tokenize":
		v.WriteResult, v.err = r.Tokenize(ctx, change(r.draft.ID, nil), identity.FieldFirstName, identity.FieldLastName)
		r.noteTokenized(v.err, identity.FieldFirstName, identity.FieldLastName)
	case "tokenize another":
		v.WriteResult, v.err = r.Tokenize(ctx, change(r.draft.ID, nil), identity.FieldOtherNames)
		r.noteTokenized(v.err, identity.FieldOtherNames)
	case "update":
		v.WriteResult, v.err = r.Update(ctx, r.change)
	case "create":
		v.WriteResult, v.err = r.Create(ctx, r.draft)
	case "get":
		v.Identity, v.err = r.Get(ctx, "acme", r.draft.ID)
	case "delete":
		r.noteGone(r.Delete(ctx, "acme", r.draft.ID, nil))
		return
	case "expire":
		i, err := r.Get(ctx, "acme", r.draft.ID)
		if err == nil {
			r.noteGone(r.Store.Expire(ctx, i, r.now.Add(identity.DefaultPendingTTL)))
		}
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.views = append(r.views, v)
}

func (r *raceRound) noteTokenized(err error, fields ...identity.Field) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range fields {
		if err == nil {
			r.tokenized[f] = r.clock.Add(1)
		}
	}
}

func (r *raceRound) noteGone(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil && r.gone == 0 {
		r.gone = r.clock.Add(1)
	}
}

// check looks for values in clear after their tokenization, for an identity after its removal, and for replays older than the
// change that they answer.
func (r *raceRound) check(t *testing.T) (found int) {
	t.Helper()
	for _, v := range r.views {
		if v.err != nil {
			if !expectedInRace(v.err) {
				t.Errorf("%s: %s: error = %v", r.draft.ID, v.call, v.err)
			}
			continue
		}
		found++
		if r.gone > 0 && v.began > r.gone {
			t.Errorf("%s: %s returns the identity after it was removed", r.draft.ID, v.call)
		}
		for f, at := range r.tokenized {
			if v.began > at && strings.HasPrefix(*v.StringField(f), clearText) {
				t.Errorf("%s: %s shows %s in clear after it was tokenized", r.draft.ID, v.call, f)
			}
		}
		if v.call == "update" && v.Nickname != "changed" {
			t.Errorf("%s: update shows version %d, nickname %q, want the change that it answers", r.draft.ID, v.Version, v.Nickname)
		}
	}
	return found
}

func expectedInRace(err error) bool {
	return errors.Is(err, identity.ErrNotFound) || errors.Is(err, identity.ErrBusy) || errors.Is(err, identity.ErrAlreadyTokenized)
}

// TestConcurrentTokenizationAndDeletion lets 64 workers work, eight at one identity.
func TestConcurrentTokenizationAndDeletion(t *testing.T) {
	rounds := 200
	if testenv.Has(testenv.Soak) {
		rounds = 10_000
	}
	w := newTestRegistryWithCipher(t)
	calls := []string{"tokenize", "tokenize another", "update", "update", "create", "create", "get", "delete"}
	var next, found atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for n := next.Add(1); n <= int64(rounds); n = next.Add(1) {
				found.Add(int64(w.raceOnce(t, n, calls)))
			}
		})
	}
	all.Wait()
	t.Logf("%d rounds, %d responses with an identity", rounds, found.Load())
}

func (w *testRegistry) raceOnce(t *testing.T, n int64, calls []string) int {
	r := &raceRound{testRegistry: w, tokenized: map[identity.Field]int64{}}
	r.draft = draft(identity.Profile{FirstName: clearText + "a", LastName: clearText + "b", OtherNames: clearText + "c"})
	r.draft.ID, r.draft.Idempotency = fmt.Sprint("race", n), identity.Idempotency{Key: fmt.Sprint("create", n)}
	r.draft.Trusted = false
	r.change = change(r.draft.ID, func(i *identity.Identity) error { i.Nickname = "changed"; return nil })
	r.change.Idempotency = identity.Idempotency{Key: "update"}
	if _, err := w.Create(ctx, r.draft); err != nil {
		t.Error(err)
		return 0
	}
	var all sync.WaitGroup
	for k, call := range calls {
		if call == "delete" && n%3 == 0 {
			call = "expire"
		}
		if call == "delete" && n%3 == 1 {
			call = "get" // a round in which the identity stays
		}
		all.Go(func() {
			time.Sleep(time.Duration((n+int64(k)*31)%13) * 50 * time.Microsecond)
			r.run(call)
		})
	}
	all.Wait()
	for _, call := range []string{"create", "update", "get"} {
		r.run(call)
	}
	return r.check(t)
}
