package faulttest_test

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
	"cedula/shared/table/faulttable"
)

// streamRecords are the records of a stream: each message once, and what else the stream
// tells of.
func streamRecords(ids []string) []events.DynamoDBEventRecord {
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
			w := newTestEnv(t)
			c := w.newTrial("conomy")
			const messages = 30
			for n := range messages {
				c.identityID = c.create(n, pendingField)
				c.mustSend(request{"POST", c.identityPath("/verifications"), `{"channel":"email"}`, nil}, "")
			}
			ids := c.audited.partitionKeys("M")
			c.sender = &fakeSender{sent: map[string]int{}}
			random := rand.New(rand.NewPCG(1, 2))
			w.injector.SetPlan(func(_ int, k faulttable.Operation) faulttable.Fault {
				if random.Float64() >= often {
					if k == faulttable.Write && random.IntN(2) == 0 {
						return faulttable.Slow // so that others read meanwhile
					}
					return faulttable.None
				}
				list := faulttable.FaultsFor(k)
				return list[random.IntN(len(list))]
			})
			handle := gateway.StreamHandler(c.dispatcher().Deliver)
			for round := range 20 {
				records := append(streamRecords(ids), streamRecords(ids)...)
				random.Shuffle(len(records), func(a, b int) { records[a], records[b] = records[b], records[a] })
				for batch := range slices.Chunk(records, 25) {
					if _, err := handle(context.Background(), events.DynamoDBEvent{Records: batch}); err != nil {
						t.Fatal(err)
					}
				}
				if round > 0 && len(c.audited.partitionKeys("M")) == 0 {
					break
				}
				c.clockOffset.Add(int64(16 * time.Second)) // who died holding a message has lost it
			}
			twice := 0
			for _, id := range ids {
				n := c.sender.sent[strings.TrimPrefix(id, "M#")]
				if n == 0 || n > 1 && often == 0 {
					t.Errorf("%d letters of one message", n)
				}
				if n > 1 {
					twice++
				}
			}
			if left := c.audited.partitionKeys("M"); len(left) > 0 || len(c.sender.sent) != messages {
				t.Errorf("%d messages are left, of %d something was sent", len(left), len(c.sender.sent))
			}
			if twice > messages/2 {
				t.Errorf("%d were sent again", twice)
			}
			t.Logf("%d messages, %d sent again after the table failed", messages, twice)
		})
	}
}
