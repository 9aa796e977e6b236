// Package boot turns a function's environment into wired services. Together with its
// subpackages it is the only reader of the environment in a function.
// It imports no API and knows nothing of requests.
package boot

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cedula/shared/auth"
	"cedula/shared/identity"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/dynamo"
)

// NewRegistry returns the registry on the deployment's table. It cannot tokenize: see
// tokenization.NewRegistry.
func NewRegistry(c Config) (*registry.Registry, error) {
	s, err := NewStore(c)
	if err != nil {
		return nil, err
	}
	r := RegistryOn(s)
	r.MessageLimits, err = identity.ParseMessageLimits(c.MessageLimits)
	if err != nil {
		return nil, &VariableError{"CEDULA_MESSAGE_LIMITS", err.Error()}
	}
	return r, nil
}

// RegistryOn returns the registry on a store.
func RegistryOn(s *store.Store) *registry.Registry {
	return &registry.Registry{Store: s, Now: time.Now, Random: rand.Reader}
}

// NewAuthenticator returns an Authenticator for API keys and client secrets. It accepts no
// bearer token: see tokens.NewAuthenticator.
func NewAuthenticator(c Config) (*auth.Authenticator, error) {
	s, err := NewStore(c)
	if err != nil {
		return nil, err
	}
	return &auth.Authenticator{Store: s, Hasher: auth.NewHasher([]byte(c.Secret))}, nil
}

// NewKeyManager returns the manager that creates, lists and revokes API keys.
func NewKeyManager(c Config) (*auth.KeyManager, error) {
	s, err := NewStore(c)
	if err != nil {
		return nil, err
	}
	return &auth.KeyManager{Store: s, Hasher: auth.NewHasher([]byte(c.Secret)), Now: time.Now}, nil
}

// NewHealthCheck returns a store that can only Ping the table. It needs no secret, because
// anyone may call its function.
func NewHealthCheck(c Config) (*store.Store, error) {
	t, err := openTable(c)
	if err != nil {
		return nil, err
	}
	return store.New(t, nil), nil
}

// NewStore returns the store on the deployment's table.
func NewStore(c Config) (*store.Store, error) {
	secret, err := SecretKey(c)
	if err != nil {
		return nil, err
	}
	lists, err := store.ParseListSharding(c.ListSharding)
	if err != nil {
		return nil, &VariableError{"CEDULA_LIST_SHARDS", err.Error()}
	}
	t, err := openTable(c)
	if err != nil {
		return nil, err
	}
	s := store.New(t, secret)
	s.ListSharding = lists
	return s, nil
}

// SecretKey returns the deployment's secret. Use it only to derive keys.
func SecretKey(c Config) ([]byte, error) {
	const name, minBytes = "CEDULA_SECRET", 32
	if err := c.Require(name); err != nil {
		return nil, err
	}
	if len(c.Secret) < minBytes {
		return nil, &VariableError{name, "has fewer than 32 bytes"}
	}
	return []byte(c.Secret), nil
}

func openTable(c Config) (table.Table, error) {
	if err := c.Require("CEDULA_TABLE"); err != nil {
		return nil, err
	}
	cfg, err := AWSConfig(c)
	if err != nil {
		return nil, err
	}
	client := dynamodb.NewFromConfig(cfg, func(o *dynamodb.Options) { o.BaseEndpoint = Endpoint(c.DynamoDBEndpoint) })
	t := dynamo.New(client, c.Table, store.Indexes)
	Warm(c, store.New(t, nil).Ping)
	return t, nil
}

const warmTimeout = time.Second

// Warm makes the first call to a service while Lambda still starts the function, with the
// processor at full speed: its TLS handshake is most of a cold start, and the first request
// finds the connection open. Warm does nothing outside of Lambda. It ignores errors: the first
// request will report them.
func Warm(c Config, call func(context.Context) error) {
	if c.Function == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), warmTimeout)
	defer cancel()
	_ = call(ctx)
}
