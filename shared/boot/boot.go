// Package boot turns a function's environment into wired services. Together
// with its subpackages it is the only reader of the environment in a function:
// a variable that is missing or bad ends the process with one line.
// It knows nothing of requests, dialects or items.
package boot

import (
	"context"
	"crypto/rand"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cedula/shared/auth"
	"cedula/shared/registry"
	"cedula/shared/store"
	"cedula/shared/table"
	"cedula/shared/table/dynamo"
)

// Identities is the core on the deployment's table.
// It reads CEDULA_TABLE and CEDULA_SECRET.
func Identities() *registry.Registry {
	return &registry.Registry{Store: sharedStore(), Now: time.Now, Random: rand.Reader}
}

// IdentitiesWithListShards is Identities for what makes identities or lists them: it knows how
// tenants' lists are split. It reads CEDULA_LIST_SHARDS as well, which may be
// empty, as store.ParseListSharding does.
func IdentitiesWithListShards() *registry.Registry {
	const name = "CEDULA_LIST_SHARDS"
	lists, err := store.ParseListSharding(OptionalEnv(name))
	if err != nil {
		FatalEnv(name, err.Error())
	}
	sharedStore().ListSharding = lists
	return Identities()
}

// Authenticator judges API keys and client secrets. It trusts no bearer token: that
// one is tokens.Guard. It reads CEDULA_TABLE and CEDULA_SECRET.
func Authenticator() *auth.Authenticator {
	return &auth.Authenticator{Store: sharedStore(), Hasher: auth.NewHasher(Secret())}
}

// Keys makes, lists and revokes API keys. It reads CEDULA_TABLE and CEDULA_SECRET.
func Keys() *auth.KeyManager {
	return &auth.KeyManager{Store: sharedStore(), Hasher: auth.NewHasher(Secret()), Now: time.Now}
}

// Outbox is what messages are delivered from. It reads CEDULA_TABLE and CEDULA_SECRET.
func Outbox() *store.Store { return sharedStore() }

// PendingIndex is where pending identities stand. It reads CEDULA_TABLE and CEDULA_SECRET.
func PendingIndex() *store.Store { return sharedStore() }

// Health asks the table whether it answers. It reads CEDULA_TABLE alone: an
// open route's function holds no secret.
func Health() *store.Store {
	return store.New(openTable(), nil)
}

// sharedStore is one store for a process, whatever asks for it.
var sharedStore = sync.OnceValue(func() *store.Store {
	key := Secret()
	return store.New(openTable(), key)
})

func openTable() table.Table {
	name := RequiredEnv("CEDULA_TABLE")
	client := dynamodb.NewFromConfig(AWSConfig(), func(o *dynamodb.Options) {
		o.BaseEndpoint = Endpoint("AWS_ENDPOINT_URL_DYNAMODB")
	})
	t := dynamo.New(client, name, store.Indexes)
	Warm(store.New(t, nil).Ping)
	return t
}

// Secret is the deployment's, at least 32 bytes: keys are to be derived from it
// and it is to be used for nothing else. It reads CEDULA_SECRET.
func Secret() []byte {
	const name, least = "CEDULA_SECRET", 32
	value := []byte(RequiredEnv(name))
	if len(value) < least {
		FatalEnv(name, "has fewer than 32 bytes")
	}
	return value
}

// warmTimeout bounds what Warm waits for.
const warmTimeout = time.Second

// Warm makes a service's first call while Lambda still starts the function,
// with the processor at full speed: the call's TLS handshake is most of a cold
// start, and the connection is then there for the first request. Elsewhere it
// does nothing. Its failure is nobody's: the first request will meet it again.
func Warm(call func(context.Context) error) {
	if getenv("AWS_LAMBDA_FUNCTION_NAME") == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), warmTimeout)
	defer cancel()
	_ = call(ctx)
}

// Endpoint is the variable's URL, or nil for the service's own.
func Endpoint(name string) *string {
	url := getenv(name)
	if url == "" {
		return nil
	}
	return aws.String(url)
}
