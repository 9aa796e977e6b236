package admin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"cedula/infra/local/admin"
	"cedula/shared/auth"
	"cedula/shared/blnk"
	"cedula/shared/identity"
	"cedula/shared/jobs"
	"cedula/shared/registry"
	"cedula/shared/table"
)

func TestClientIsCreatedSuspendedAndListed(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, f fixture) {
		made := f.mustCreateClient(t)
		if made.Secret == "" || !strings.HasPrefix(made.ConomyKey, "cak_"+made.ID) || !strings.HasPrefix(made.BlnkKey, "cbk_"+made.ID) {
			t.Errorf("the new client %s lacks credentials", made.ID)
		}
		if _, err := f.Suspend(t.Context(), admin.Suspension{ID: made.ID}); err != nil {
			t.Fatal(err)
		}
		want := admin.Client{
			ID: made.ID, Name: "shop", Tenant: "shop", Scopes: []string{"identity:read"}, State: "suspended", Mode: "strict", Stage: "live",
			Rate: 2.5, Burst: 5, Quota: 9, Onboarding: "contact", PendingTTL: "1h0m0s", Secrets: 1,
		}
		all, err := f.Clients(t.Context(), admin.All{})
		if diff := cmp.Diff([]admin.Client{want}, all, cmpopts.IgnoreFields(admin.Client{}, "Created", "UsagePlanKey")); diff != "" || err != nil {
			t.Errorf("Clients: %v, want (-), got (+):\n%s", err, diff)
		}
		lifted, err := f.Suspend(t.Context(), admin.Suspension{ID: made.ID, Lift: true})
		if err != nil || lifted.State != "active" {
			t.Errorf("state after lifting the suspension = %q, %v, want active", lifted.State, err)
		}
		one, err := f.Client(t.Context(), admin.ByID{ID: made.ID})
		if err != nil || !cmp.Equal(one, lifted) {
			t.Errorf("Client = %+v, %v, want %+v", one, err, lifted)
		}
	})
}

func TestSecretIsRotated(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, f fixture) {
		made := f.mustCreateClient(t)
		rotated, err := f.RotateSecret(t.Context(), admin.Rotation{ID: made.ID, Rotation: auth.Rotation{Overlap: time.Hour}})
		if err != nil {
			t.Fatal(err)
		}
		if rotated.Client != made.ID || rotated.Secret == "" || rotated.Secret == made.Secret || len(rotated.Old) != 1 {
			t.Fatalf("RotateSecret = client %s and %d old secrets, want client %s with a new secret and one old", rotated.Client, len(rotated.Old), made.ID)
		}
		_, err = f.RotateSecret(t.Context(), admin.Rotation{ID: made.ID})
		var conflict *auth.RotationConflict
		if !errors.As(err, &conflict) || !conflict.Until.Equal(rotated.Old[0].GoodUntil) {
			t.Errorf("a rotation that ends the old secret early: %v, want a conflict until %v", err, rotated.Old[0].GoodUntil)
		}
	})
}

func TestKeysAreCreatedRotatedAndRevoked(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, f fixture) {
		client := f.mustCreateClient(t).ID
		made := f.mustCreateKey(t, client, time.Now().Add(2*time.Second).Truncate(time.Second))
		rotated, err := f.RotateKey(t.Context(), admin.Rotation{ID: f.mustCreateKey(t, client, time.Time{}).ID, Rotation: auth.Rotation{Overlap: time.Hour}})
		if err != nil {
			t.Fatal(err)
		}
		if rotated.Text == "" || rotated.Name != "till" || rotated.Scopes != nil || rotated.Old == nil || rotated.Old.ID == rotated.ID {
			t.Errorf("RotateKey = %+v, want a key like %+v in another's place", rotated.Key, made.Key)
		}
		if got := rotated.Old.RejectedEverywhereAfter.Sub(rotated.Old.GoodUntil); got != auth.RevocationDelay {
			t.Errorf("the old key is rejected everywhere %v after its end, want %v", got, auth.RevocationDelay)
		}
		for _, withMade := range []bool{false, true} {
			ended, err := f.RevokeKey(t.Context(), admin.Revocation{ID: rotated.ID, WithMade: withMade})
			if err != nil || len(ended) != 1 || ended[0].ID != rotated.ID || ended[0].State != "revoked" {
				t.Errorf("RevokeKey = %+v, %v, want the revoked key %s", ended, err, rotated.ID)
			}
		}
		time.Sleep(time.Until(made.Expires))
		all, err := f.Keys(t.Context(), admin.ByID{ID: client})
		states := map[string]int{}
		for _, k := range all {
			states[k.State]++
		}
		if want := map[string]int{"live": 3, "revoked": 1, "expired": 1}; err != nil || !cmp.Equal(states, want) {
			t.Errorf("states of all keys = %v, %v, want %v", states, err, want)
		}
	})
}

func TestErrorsAreTheSameOnBothSides(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, f fixture) {
		ctx := t.Context()
		client := f.mustCreateClient(t).ID
		revoked := f.mustCreateKey(t, client, time.Time{}).ID
		if _, err := f.RevokeKey(ctx, admin.Revocation{ID: revoked}); err != nil {
			t.Fatal(err)
		}
		badKey := admin.KeyParams{Client: client, KeyParams: auth.KeyParams{API: blnk.AuthAPI, Name: "a\nb"}}
		for _, tt := range []struct {
			name string
			got  error
			want string
		}{
			{"unknown client", second(f.Client(ctx, admin.ByID{ID: "absent"})), auth.ErrNotFound.Error()},
			{"unknown client's keys", second(f.Keys(ctx, admin.ByID{ID: "absent"})), auth.ErrNotFound.Error()},
			{"unknown key", second(f.RevokeKey(ctx, admin.Revocation{ID: "absent"})), auth.ErrNotFound.Error()},
			{"revoked key", second(f.RotateKey(ctx, admin.Rotation{ID: revoked})), auth.ErrExpired.Error()},
			{"long overlap", second(f.RotateKey(ctx, admin.Rotation{ID: revoked, Rotation: auth.Rotation{Overlap: time.Hour * 1000}})), auth.ErrInvalidOverlap.Error()},
			{"invalid limit", second(f.CreateClient(ctx, auth.ClientParams{Name: "x", Limits: auth.Limits{Burst: -1}})), "the client's burst"},
			{"invalid key name", second(f.CreateKey(ctx, badKey)), "the key's name"},
		} {
			if got := errorKind(tt.got); got != tt.want {
				t.Errorf("%s: error = %q, want %q", tt.name, got, tt.want)
			}
		}
		_ = f.db.Close()
		if _, err := f.Clients(ctx, admin.All{}); !errors.Is(err, auth.ErrUnavailable) {
			t.Errorf("Clients without a table: %v, want %v", err, auth.ErrUnavailable)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// errorKind returns what the command line finds in an error.
func errorKind(err error) string {
	var client *auth.InvalidClientError
	if errors.As(err, &client) {
		return "the client's " + client.Field
	}
	var key *auth.InvalidKeyError
	if errors.As(err, &key) {
		return "the key's " + key.Field
	}
	for _, known := range []error{auth.ErrNotFound, auth.ErrExpired, auth.ErrInvalidOverlap} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return fmt.Sprint("other: ", err)
}

func TestExpireReportsEachIdentity(t *testing.T) {
	onEachRegistry(t, func(t *testing.T, f fixture) {
		const identities = 30
		for n := range identities {
			_, err := f.core.Create(t.Context(), registry.Draft{
				Tenant: "shop", ID: fmt.Sprint("i", n), Policy: identity.Policy{Onboarding: "contact", PendingTTL: time.Hour},
				Profile: identity.Profile{FirstName: "Ana", Email: fmt.Sprintf("ana%d@example.com", n)},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if done, err := f.Expire(t.Context(), admin.Expiry{DryRun: true}); err != nil || done.Expired != identities {
			t.Fatalf("a dry run counts %+v, %v, want %d", done, err, identities)
		}
		var examined atomic.Int64
		slowly := func() {
			time.Sleep(10 * time.Millisecond) // longer than the server's timeouts in all
			examined.Add(1)
		}
		done, err := f.Expire(t.Context(), admin.Expiry{OnExamined: slowly})
		if err != nil || done.Expired != identities || examined.Load() != identities {
			t.Errorf("Expire = %+v, %v with %d calls of OnExamined, want %d", done, err, examined.Load(), identities)
		}
		_ = f.db.Close()
		if done, err := f.Expire(t.Context(), admin.Expiry{}); !errors.Is(err, identity.ErrUnavailable) || done == nil || done.Complete {
			t.Errorf("Expire without a table = %+v, %v, want an incomplete result and %v", done, err, identity.ErrUnavailable)
		}
	})
}

func TestExpireEndsWithItsContext(t *testing.T) {
	ended := make(chan error, 1)
	r := serve(t, newFolder(t), admin.Handler(&admin.Registry{Expire: func(ctx context.Context, e admin.Expiry) (*jobs.Result, error) {
		time.Sleep(300 * time.Millisecond) // longer than the server's timeouts
		e.OnExamined()
		<-ctx.Done()
		ended <- ctx.Err()
		return nil, ctx.Err()
	}}))
	ctx, cancel := context.WithCancel(t.Context())
	done, err := r.Expire(ctx, admin.Expiry{OnExamined: cancel})
	if done != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("Expire = %+v, %v, want no result and %v", done, err, context.Canceled)
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("the server's context: %v, want %v", err, context.Canceled)
	}
}

func TestOtherVersionsAreRejected(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"unknown operation": {http.StatusNotFound, "", admin.ErrVersion},
		"unknown request":   {http.StatusBadRequest, "", admin.ErrVersion},
		"unknown response":  {http.StatusOK, `{"unknown":1}`, table.ErrUnavailable},
		"unknown error":     {http.StatusUnprocessableEntity, `{"unknown":1}`, table.ErrUnavailable},
	} {
		r := serve(t, newFolder(t), http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		}))
		if _, err := r.Client(t.Context(), admin.ByID{}); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestSocket(t *testing.T) {
	folder := newFolder(t)
	path := filepath.Join(folder, admin.SocketName)
	if _, err := admin.Dial(t.Context(), folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Dial without a socket: %v, want %v", err, fs.ErrNotExist)
	}
	l, err := admin.Listen(t.Context(), folder)
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode() != fs.ModeSocket|0o600 {
		t.Errorf("the socket is %v, %v, want mode 0600", info, err)
	}
	l.(interface{ SetUnlinkOnClose(bool) }).SetUnlinkOnClose(false)
	_ = l.Close()
	if _, err := admin.Dial(t.Context(), folder); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("Dial of a dead server's socket: %v, want %v", err, syscall.ECONNREFUSED)
	}
	serve(t, folder, http.NotFoundHandler()) // in its place

	other := newFolder(t)
	if err := os.WriteFile(filepath.Join(other, admin.SocketName), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Listen(t.Context(), other); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("Listen where a file has the name: %v, want %v", err, syscall.EADDRINUSE)
	}
}

func TestLongPathIsShortenedBelowTheWorkingFolder(t *testing.T) {
	parent := filepath.Join(newFolder(t), strings.Repeat("x", 100))
	folder := filepath.Join(parent, "data")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := admin.Listen(t.Context(), folder); !errors.Is(err, admin.ErrPathTooLong) {
		t.Errorf("Listen: %v, want %v", err, admin.ErrPathTooLong)
	}
	if _, err := admin.Dial(t.Context(), folder); !errors.Is(err, admin.ErrPathTooLong) {
		t.Errorf("Dial: %v, want %v", err, admin.ErrPathTooLong)
	}
	t.Chdir(parent)
	serve(t, folder, http.NotFoundHandler())
}
