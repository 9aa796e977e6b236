package operationtest_test

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
	"cedula/shared/store"
	"cedula/shared/table/faulttable"
)

// streamRecords returns the records that a stream has of the lives of messages.
func streamRecords(pks []string) (list []events.DynamoDBEventRecord) {
	kinds := []events.DynamoDBOperationType{events.DynamoDBOperationTypeInsert, events.DynamoDBOperationTypeModify, events.DynamoDBOperationTypeRemove}
	for _, pk := range pks {
		for _, kind := range kinds {
			list = append(list, events.DynamoDBEventRecord{EventName: string(kind), Change: events.DynamoDBStreamRecord{
				SequenceNumber: strconv.Itoa(len(list)),
				Keys:           map[string]events.DynamoDBAttributeValue{"PK": events.NewStringAttribute(pk), "SK": events.NewStringAttribute("#")},
			}})
		}
	}
	return list
}

// randomFaults is a plan in which a share of the calls meets a fault.
func randomFaults(random *rand.Rand, share float64) func(int, faulttable.Operation) faulttable.Fault {
	return func(_ int, k faulttable.Operation) faulttable.Fault {
		if random.Float64() < share {
			list := faulttable.FaultsFor(k)
			return list[random.IntN(len(list))]
		}
		return faulttable.None
	}
}

// TestDuplicatedAndReorderedDeliveries delivers batches several times and in any order. Each message is sent once,
// unless the table fails after it was sent.
func TestDuplicatedAndReorderedDeliveries(t *testing.T) {
	const messages = 30
	for _, share := range []float64{0, 0.1} {
		t.Run(fmt.Sprint("share of faults ", share), func(t *testing.T) {
			c := newTestEnv(t).newTrial("conomy")
			for n := range messages {
				c.identityID = c.create(n, pending)
				c.mustSend(request{operation: "start-verification", body: emailBody}, "")
			}
			pks := c.checked.Messages()
			random := rand.New(rand.NewPCG(1, 2))
			plan := randomFaults(random, share)
			c.injector.SetPlan(func(n int, k faulttable.Operation) faulttable.Fault {
				f := plan(n, k)
				if f == faulttable.None && k == faulttable.Write && random.IntN(2) == 0 {
					return faulttable.Slow // so that others read meanwhile
				}
				return f
			})
			handle := gateway.StreamHandler(gateway.StreamConsumer{ItemID: store.MessageID, Handle: c.dispatcher().Deliver})
			for round := 0; round < 20 && (round < 2 || len(c.checked.Messages()) > 0); round++ {
				records := append(streamRecords(pks), streamRecords(pks)...)
				random.Shuffle(len(records), func(a, b int) { records[a], records[b] = records[b], records[a] })
				for batch := range slices.Chunk(records, 25) {
					if _, err := handle(context.Background(), events.DynamoDBEvent{Records: batch}); err != nil {
						t.Fatal(err)
					}
				}
				c.clockOffset.Add(int64(16 * time.Second)) // leases end
			}
			repeated := 0
			for _, pk := range pks {
				sent := c.sender.sent[strings.TrimPrefix(pk, store.PrefixMessage)]
				if sent == 0 || sent > 1 && share == 0 {
					t.Errorf("a message was sent %d times, want once", sent)
				}
				if sent > 1 {
					repeated++
				}
			}
			if left := c.checked.Messages(); len(left) > 0 || len(c.sender.sent) != messages {
				t.Errorf("%d messages were sent and %d are left, want %d and 0", len(c.sender.sent), len(left), messages)
			}
			if repeated > messages/2 {
				t.Errorf("%d of %d messages were sent again, want at most half", repeated, messages)
			}
			t.Logf("%d messages, %d sent again", messages, repeated)
		})
	}
}
