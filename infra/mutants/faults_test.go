//go:build soak

package mutants

import "testing"

// faultMutants break what holds when the table fails. Each is found by a test
// that makes it fail.
var faultMutants = []mutant{
	{"a claim is written outside the transaction", "shared/store/identity.go", "	ops = append(ops, s.linkOps(&i, links)...)\n	_, err := s.table.Write(ctx, ops...)\n	var failed *table.ConditionError\n	if errors.As", "	for range claims {\n		if _, err := s.table.Write(ctx, ops[1]); err != nil {\n			return identity.Changed{}, explain(\"create identity\", err)\n		}\n		ops = slices.Delete(ops, 1, 2)\n	}\n	claims = nil\n	ops = append(ops, s.linkOps(&i, links)...)\n	_, err := s.table.Write(ctx, ops...)\n	var failed *table.ConditionError\n	if errors.As", "-run TestFaultsOfOperations/conomy_create-identity$ ./infra/faults"},
	{"an idempotency key is written outside the transaction", "shared/store/identity.go", "		ops = append(ops, putOnce(onceKey, i.ID, i.CreatedAt, once, body))", "		var held *table.ConditionError\n		if _, err := s.table.Write(ctx, putOnce(onceKey, i.ID, i.CreatedAt, once, body)); errors.As(err, &held) {\n			return replay(held.Of(0).Current, i.Tenant, once)\n		}", "-run TestFaultsOfOperations/blnk_create-identity$ ./infra/faults"},
	{"a transaction tried again has a new token", "shared/table/dynamo/transact.go", "		out, err = t.client.TransactWriteItems(ctx, in, once)", "		in.ClientRequestToken = aws.String(rand.Text())\n		out, err = t.client.TransactWriteItems(ctx, in, once)", "-run TestTransactionKeepsItsTokenOverAttempts ./shared/table/dynamo"},
	{"a change is written over any version", "shared/store/identity.go", "table.Put(s.item(i, body), table.VersionOf(i.Life(), i.Version-1))", "table.Put(s.item(i, body), table.Exists())", "-run TestLinearizable ./infra/faults"},
	{"a new life of an id is taken for the one before", "shared/identity/tag.go", "strconv.FormatInt(i.CreatedAt.UnixMicro(), 36)", "strconv.Itoa(len(i.ID[:0]))", "-run TestNewLife ./shared/store"},
	{"a failed condition is an error", "shared/store/identity.go", "	if errors.As(err, &failed) {\n		return refusedCreate", "	if false && errors.As(err, &failed) {\n		return refusedCreate", "-run TestFaultsOfOperations/conomy_create-identity$ ./infra/faults"},
	{"a replay is not recognised", "shared/store/identity.go", "f := failed.Of(len(claims) + 1); f != nil && once.Key != \"\"", "f := failed.Of(len(claims) + 1); false", "-run TestFaultsOfOperations/blnk_create-identity$ ./infra/faults"},
	{"a key that has lapsed is taken for ever", "shared/store/identity.go", "table.AbsentOrExpired(now)", "table.Absent()", "-run TestFaultsOfOperations/conomy_create-identity:_the_key_of_yesterday ./infra/faults"},
	{"a page that ends early is the last", "shared/store/link.go", "q.Start == nil || len(entries) >= limit {", "true {", "-run TestFaultsOfOperations/conomy_list-identities$ ./infra/faults"},
	{"an empty page is the end of an identity", "shared/store/delete.go", "page, err := s.page(ctx, table.Query{PK: identityKey", "page, err := s.table.Query(ctx, table.Query{PK: identityKey", "-run TestFaultsOfOperations/conomy_delete-identity$ ./infra/faults"},
	{"what nobody answered is taken for done", "shared/store/store.go", "return fmt.Errorf(\"%s: %w: %w\", operation, identity.ErrUnavailable, err)", "return nil", "-run TestFaultsOfOperations/conomy_update-identity$ ./infra/faults"},
	{"what nobody answered is taken for not done", "shared/store/store.go", "return fmt.Errorf(\"%s: %w: %w\", operation, identity.ErrUnavailable, err)", "return identity.ErrNotFound", "-run TestLinearizable ./infra/faults"},
	{"whoever holds a value and cannot be read has it", "shared/identity/expire.go", "	case found != nil:\n		return found", "	case found != nil:\n		return err", "-run TestFaultsOfOperations/conomy_create-identity:_over_a_lapsed_one ./infra/faults"},
	{"a put guesses that another's came instead", "shared/table/dynamo/write.go", "case there == nil, there.Version > op.Item.Version:", "case false:", "-run TestPutDoesNotGuessWhatCameBefore ./shared/table/dynamo"},
	{"an identity is deleted whatever its version", "shared/store/delete.go", "table.Delete(page.Items[0].Key, unchanged(&i))", "table.Delete(page.Items[0].Key, table.Always())", "-run TestNothingOutlivesADeletion ./shared/identity"},
	{"who comes late to finish a deletion begins another", "shared/store/delete.go", "there = table.Delete(tomb, unchanged(&i))", "there = table.Delete(tomb, table.Always())", "-run TestNewLife ./shared/store"},
	{"a message is queued outside the transaction", "shared/store/code.go", "		ops = append(ops, s.queue(*a.Message))", "		_, _ = s.table.Write(context.Background(), s.queue(*a.Message))", "-run TestFaultsOfOperations/conomy_start-verification ./infra/faults"},
	{"two may take one message", "shared/store/outbox.go", "s.table.Write(ctx, table.Put(item, was))", "s.table.Write(ctx, table.Put(item, map[bool]table.Condition{true: was}[false]))", "-run TestDeliveriesTwiceAndInAnyOrder ./infra/faults"},
	{"a tombstone keeps its claims", "shared/store/delete.go", "return tomb, s.deleteAll(ctx, append(ops, claimDeletes(i, time.Now())...))", "return tomb, s.deleteAll(ctx, ops)", "-run TestKilledAtEachCall ./infra/faults"},
	{"the clean-up takes a tombstone for nobody", "shared/store/expire.go", "		case errors.Is(err, identity.ErrNotFound):\n			due.Remains = append(due.Remains, identity.Remains{Tenant: tenant, ID: id})", "		case errors.Is(err, identity.ErrNotFound):", "-run TestKilledAtEachCall ./infra/faults"},
	{"retries have no budget", "shared/table/dynamo/retry.go", "case n == maxAttempts, !t.retries.spend():", "case n == maxAttempts:", "-run TestSpentBudget ./infra/faults"},
}

// TestEveryFaultMutantIsFound breaks what holds when the table fails.
func TestEveryFaultMutantIsFound(t *testing.T) { found(t, faultMutants) }
