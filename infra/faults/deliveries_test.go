package faults_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"cedula/shared/gateway"
	"cedula/shared/table/faults"
)

// news are the records of a stream: each message once, and what else the stream
// tells of.
func news(ids []string) []events.DynamoDBEventRecord {
	var list []events.DynamoDBEventRecord
	for _, id := range ids {
		for _, name := range []events.DynamoDBOperationType{events.DynamoDBOperationTypeInsert, events.DynamoDBOperationTypeModify, events.DynamoDBOperationTypeRemove} {
			list = append(list, events.DynamoDBEventRecord{EventName: string(name), Change: events.DynamoDBStreamRecord{
				SequenceNumber: strconv.Itoa(len(list)),
				Keys:           map[string]events.DynamoDBAttributeValue{"PK": events.NewStringAttribute(id), "SK": events.NewStringAttribute("#")},
			}})
		}
	}
	return list
}

// TestDeliveriesTwiceAndInAnyOrder: batches come several times, at once, in any
// order, and each letter is sent once; also where the table fails now and then,
// unless it did after a letter was sent.
func TestDeliveriesTwiceAndInAnyOrder(t *testing.T) {
	for _, often := range []float64{0, 0.1} {
		t.Run(fmt.Sprint(often), func(t *testing.T) {
			w := newWorld(t)
			c := w.cell("conomy")
			const messages = 30
			for n := range messages {
				c.id = c.create(n, pending)
				c.must(request{"POST", c.path("/verifications"), `{"channel":"email"}`, nil}, "")
			}
			ids := c.ledger.of("M")
			c.post = &post{sent: map[string]int{}}
			random := rand.New(rand.NewPCG(1, 2))
			w.faults.Plan(func(_ int, k faults.Kind) faults.Fault {
				if random.Float64() >= often {
					if k == faults.Write && random.IntN(2) == 0 {
						return faults.Slow // so that others read meanwhile
					}
					return faults.None
				}
				list := faults.Of(k)
				return list[random.IntN(len(list))]
			})
			handle := gateway.StreamHandler(c.courier().Deliver)
			for round := range 20 {
				records := append(news(ids), news(ids)...)
				random.Shuffle(len(records), func(a, b int) { records[a], records[b] = records[b], records[a] })
				for batch := range slices.Chunk(records, 25) {
					if _, err := handle(context.Background(), events.DynamoDBEvent{Records: batch}); err != nil {
						t.Fatal(err)
					}
				}
				if round > 0 && len(c.ledger.of("M")) == 0 {
					break
				}
				c.ahead.Add(int64(16 * time.Second)) // who died holding a message has lost it
			}
			twice := 0
			for _, id := range ids {
				n := c.post.sent[strings.TrimPrefix(id, "M#")]
				if n == 0 || n > 1 && often == 0 {
					t.Errorf("%d letters of one message", n)
				}
				if n > 1 {
					twice++
				}
			}
			if left := c.ledger.of("M"); len(left) > 0 || len(c.post.sent) != messages {
				t.Errorf("%d messages are left, of %d something was sent", len(left), len(c.post.sent))
			}
			if twice > messages/2 {
				t.Errorf("%d were sent again", twice)
			}
			t.Logf("%d messages, %d sent again after the table failed", messages, twice)
		})
	}
}
