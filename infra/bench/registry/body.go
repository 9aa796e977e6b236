package registry

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"cedula/shared/identity"
)

// body is a new identity's as large as the documentation's example, of which no
// second one is made.
func (r *Registry) body(dialect string, pending bool) (text, email string) {
	n := r.made.Add(1)
	email = fmt.Sprintf("juan.perez-%09d@example.com", n)
	if dialect == Blnk {
		return fmt.Sprintf(`{"identity_type":"individual","first_name":"Alice","last_name":"Smith","other_names":"Marie","gender":"female",`+
			`"dob":"1990-01-15T00:00:00Z","email_address":%q,"phone_number":"+1555%07d","nationality":"Peruvian","category":"customer",`+
			`"street":"1 Main Street","country":"Peru","state":"Lima","post_code":"15001","city":"Lima","meta_data":{"segment":"retail","n":%d}}`, email, n%10_000_000, n), email
	}
	status := identity.Active
	if pending {
		status = identity.Pending
	}
	return fmt.Sprintf(`{"type":"USER","name":"Juan Pérez","nickname":"juanp","email":%q,"phone":"+569%08d","documentType":"RUT","documentNumber":"%09d",`+
		`"status":%q,"idv":"iv-23123","country":"CHL","securityOptions":{"twoFactorEnabled":false,"accessControl":{"scopes":[{"resource":"IDENTITY",`+
		`"reference":"6808d26af21dc6b97c1cc12a","permissions":["account:write","account:read"]}]}},"children":[]}`, email, n%100_000_000, n, status), email
}

// createOne makes an identity by its API and returns the id.
func (r *Registry) createOne(dialect string, pending bool) (string, error) {
	text, _ := r.body(dialect, pending)
	var made struct {
		ID   string `json:"id"`
		Blnk string `json:"identity_id"`
	}
	err := r.do(request{dialect: dialect, route: "create-identity", body: text}, &made)
	return made.ID + made.Blnk, err
}

func fresh(dialect, key string) func(*Registry) (request, error) {
	return func(r *Registry) (request, error) {
		text, _ := r.body(dialect, false)
		if key != "" {
			key = "key-" + strconv.FormatInt(r.made.Load(), 10)
		}
		return request{route: "create-identity", body: text, key: key}, nil
	}
}

// replayed carries a create out, and is to ask for it again.
func replayed(dialect string) func(*Registry) (request, error) {
	return func(r *Registry) (request, error) {
		q, err := fresh(dialect, "k")(r)
		q.dialect = dialect
		if err != nil {
			return q, err
		}
		return q, r.do(q, nil)
	}
}

// one asks something of a new identity.
func one(dialect, route, body string) func(*Registry) (request, error) {
	return func(r *Registry) (request, error) {
		id, err := r.createOne(dialect, false)
		return request{route: route, id: id, body: body}, err
	}
}

func pendingOne(route, body string) func(*Registry) (request, error) {
	return func(r *Registry) (request, error) {
		id, err := r.createOne(Conomy, true)
		return request{route: route, id: id, channel: string(identity.ChannelEmail), body: body}, err
	}
}

// uniqueChange gives an identity that has proven nothing yet another email.
func uniqueChange(r *Registry) (request, error) {
	_, email := r.body(Conomy, true)
	return pendingOne("update-identity", fmt.Sprintf(`{"email":%q}`, email))(r)
}

// confirmationAsked has a code queued for a new identity.
func confirmationAsked(r *Registry) (request, error) {
	q, err := pendingOne("start-verification", `{"channel":"email"}`)(r)
	if err != nil {
		return q, err
	}
	q.dialect = Conomy
	r.still.messages = nil
	return q, r.do(q, nil)
}

// confirmation has a code sent, and is to send it back.
func confirmation(r *Registry) (request, error) {
	q, err := confirmationAsked(r)
	if err != nil {
		return q, err
	}
	code, err := r.code(context.Background(), r.aside)
	q.route, q.body = "confirm-verification", fmt.Sprintf(`{"code":%q}`, code)
	return q, err
}

// page is the nth page of the list.
func page(dialect string, nth int) func(*Registry) (request, error) {
	return func(r *Registry) (request, error) {
		q := request{dialect: dialect, route: "list-identities", query: map[string]string{"limit": "20"}}
		r.forget()
		for range nth {
			var got struct {
				Pagination struct{ Next int64 }
			}
			if err := r.do(q, &got); err != nil {
				return q, err
			}
			q.query["next"] = strconv.FormatInt(got.Pagination.Next, 10)
		}
		return q, nil
	}
}

func byEmail(dialect string) func(*Registry) (request, error) {
	return func(r *Registry) (request, error) {
		text, email := r.body(dialect, false)
		parameter := map[string]string{Conomy: "email", Blnk: "email_address_eq"}[dialect]
		err := r.do(request{dialect: dialect, route: "create-identity", body: text}, nil)
		return request{route: "list-identities", query: map[string]string{parameter: email}}, err
	}
}

func login(r *Registry) (request, error) {
	return request{route: "create-token", body: fmt.Sprintf(`{"clientId":%q,"clientSecret":%q}`, r.shown.ClientID, r.shown.ClientSecret)}, nil
}

// fillOne makes a small identity past the dialects.
func (r *Registry) fillOne(ctx context.Context, writer *identity.Service) error {
	n := r.made.Add(1)
	profile := identity.Profile{FirstName: "N", Email: fmt.Sprintf("n%d@example.com", n), DocumentNumber: strconv.FormatInt(n, 10)}
	_, err := writer.Create(ctx, identity.Draft{
		Tenant: r.client.Tenant, Profile: profile, Trusted: true, Status: identity.Active,
		Claims:     []identity.Claim{profile.UniquenessClaim()},
		GenerateID: func(time.Time, io.Reader) (string, error) { return fmt.Sprintf("f%023x", n*0x9e3779b97f4a7c1), nil },
	})
	return err
}

// atOnce calls do so many times, by several at once, until one fails.
func atOnce(workers, times int, do func() error) error {
	left := make(chan struct{})
	failed := make(chan error, workers)
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for range left {
				if err := do(); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	var err error
	for n := 0; n < times && err == nil; n++ {
		select {
		case left <- struct{}{}:
		case err = <-failed:
		}
	}
	close(left)
	all.Wait()
	return err
}
