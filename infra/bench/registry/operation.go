package registry

import (
	"context"
	"fmt"
	"time"

	"cedula/shared/identity"
)

// Operation is one thing that is done to the registry, told from others by what
// it costs.
type Operation struct {
	Dialect, Name string
	Gateway       bool // a client asks for it, by API Gateway
	Login         bool // a token is signed
	Message       bool // a message is sent to a person
	Many          bool // one run does many of them, many at a time
	Pure          bool // it can be run again on a table that stands still
	// Bounded: it costs more in a longer list, up to 10,000 entries.
	Bounded bool
	prepare func(*Registry) (func() error, error)
}

// asks makes an operation of a request that is prepared each time.
func asks(dialect, name string, prepare func(*Registry) (request, error)) Operation {
	return Operation{Dialect: dialect, Name: name, Gateway: true, Pure: true, prepare: func(r *Registry) (func() error, error) {
		q, err := prepare(r)
		if err != nil {
			return nil, err
		}
		q.dialect = dialect
		call, err := r.call(q)
		if err != nil {
			return nil, err
		}
		return func() error {
			got, err := call()
			if err == nil && got.StatusCode >= 300 {
				err = fmt.Errorf("registry: %s of %s answers %d %s", name, dialect, got.StatusCode, got.Body)
			}
			return err
		}, nil
	}}
}

// but changes what is said of an operation.
func (o Operation) but(change func(*Operation)) Operation {
	change(&o)
	return o
}

// Operations are those that are measured.
func Operations() []Operation {
	bounded := func(o *Operation) { o.Bounded, o.Pure = true, false }
	return []Operation{
		asks(Conomy, "create", fresh(Conomy, "")),
		asks(Conomy, "create, with an idempotency key", fresh(Conomy, "k")),
		asks(Conomy, "replay of a create", replayed(Conomy)),
		asks(Conomy, "fetch", one(Conomy, "get-identity", "")),
		asks(Conomy, "update", one(Conomy, "update-identity", `{"nickname":"other"}`)),
		asks(Conomy, "change of a unique field", uniqueChange),
		asks(Conomy, "delete", one(Conomy, "delete-identity", "")),
		asks(Conomy, "list, first page of 20, with its total", page(Conomy, 0)).but(bounded),
		asks(Conomy, "list, next page of 20", page(Conomy, 1)),
		asks(Conomy, "look-up by email", byEmail(Conomy)),
		asks(Conomy, "start a verification", pendingOne("start-verification", `{"channel":"email"}`)),
		asks(Conomy, "confirm a verification", confirmation),
		asks(Conomy, "log in", login).but(func(o *Operation) { o.Login = true }),
		authorization(Conomy, false), authorization(Conomy, true),
		asks(Blnk, "create", fresh(Blnk, "")),
		asks(Blnk, "create, with an idempotency key", fresh(Blnk, "k")),
		asks(Blnk, "replay of a create", replayed(Blnk)),
		asks(Blnk, "fetch", one(Blnk, "get-identity", "")),
		asks(Blnk, "update", one(Blnk, "update-identity", `{"category":"other"}`)),
		asks(Blnk, "delete", one(Blnk, "delete-identity", "")),
		asks(Blnk, "list, page of 20", page(Blnk, 0)),
		asks(Blnk, "look-up by email", byEmail(Blnk)),
		authorization(Blnk, false), authorization(Blnk, true),
		{Dialect: "job", Name: "deliver a message", Message: true, prepare: delivery},
		{Dialect: "job", Name: "expire one pending identity", Many: true, prepare: expiry},
	}
}

func authorization(dialect string, warm bool) Operation {
	o := Operation{Dialect: dialect, Name: "authorizer, cold", prepare: func(r *Registry) (func() error, error) {
		authorize, event := r.authorizer(dialect), r.authorizerEvent()
		ask := func() error {
			_, err := authorize(context.Background(), event)
			return err
		}
		if warm {
			return ask, ask()
		}
		return ask, nil
	}}
	if warm {
		o.Name, o.Pure = "authorizer, warm", true
	}
	return o
}

// delivery is what the stream's function does of a code that was asked for.
func delivery(r *Registry) (func() error, error) {
	if _, err := confirmationAsked(r); err != nil {
		return nil, err
	}
	return func() error {
		_, err := r.code(context.Background(), r.store)
		return err
	}, nil
}

func expiry(r *Registry) (func() error, error) {
	made, err := r.createOne(Conomy, true)
	if err != nil {
		return nil, err
	}
	ctx := context.Background()
	i, err := r.aside.Get(ctx, r.client.Tenant, made)
	if err != nil {
		return nil, err
	}
	if !i.Status.Pending() {
		return nil, fmt.Errorf("registry: the identity is %s", i.Status)
	}
	return func() error { return r.store.Expire(ctx, i, i.ExpiresAt.Add(time.Second)) }, nil
}

// Fill makes identities in the client's tenant until it has as many.
func (r *Registry) Fill(ctx context.Context, size int) error {
	if size <= r.filled {
		return nil
	}
	writer := &identity.Service{Store: r.aside, Now: time.Now, Random: r.core.Random}
	err := atOnce(32, size-r.filled, func() error { return r.fillOne(ctx, writer) })
	r.filled = size
	return err
}
