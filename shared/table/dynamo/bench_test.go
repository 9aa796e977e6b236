package dynamo_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"cedula/shared/table"
	"cedula/shared/table/dynamo"
)

// fixedHTTPClient is a DynamoDB that immediately returns the same body to every request.
type fixedHTTPClient []byte

func (a fixedHTTPClient) Do(r *http.Request) (*http.Response, error) {
	_, _ = io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body: io.NopCloser(bytes.NewReader(a)), ContentLength: int64(len(a)), Request: r,
	}, nil
}

// BenchmarkCalls measures what a call costs besides the network: signing, encoding and decoding.
func BenchmarkCalls(b *testing.B) {
	client := func(says string) table.Table {
		return dynamo.New(dynamodb.New(dynamodb.Options{
			Region: "us-east-1", HTTPClient: fixedHTTPClient(says), Retryer: aws.NopRetryer{},
			Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
				return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "example"}, nil
			}),
		}), "cedula", []string{"L"})
	}
	key := table.Key{PK: "T#acme#I#0123456789abcdef01234567", SK: "#"}
	item := table.Item{Key: key, Version: 1, Owner: "a", Body: bytes.Repeat([]byte("x"), 600), Indexes: map[string]table.Key{"L": key}}
	claim := table.Item{Key: table.Key{PK: "T#acme#U#user#0123456789abcdef0123456789abcdef", SK: "#"}, Owner: "a"}
	get := client(`{"Item":{"PK":{"S":"T#acme#I#0123456789abcdef01234567"},"SK":{"S":"#"},"V":{"N":"1"}},"ConsumedCapacity":{"CapacityUnits":1}}`)
	write := client(`{"ConsumedCapacity":[{"CapacityUnits":8}]}`)
	b.Run("Get", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := get.Get(b.Context(), true, key); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Write of two", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := write.Write(b.Context(), table.Put(item, table.Absent()), table.Put(claim, table.Absent())); err != nil {
				b.Fatal(err)
			}
		}
	})
}
