//go:build soak

package mutants

import "testing"

// life breaks what is promised of the life of an identity. The model must notice
// each by itself; what only others at the same moment can show, the race.
var life = []mutant{
	{"an identity on hold lapses", "shared/identity/proof.go", "i.Status.Pending() && i.Hold == nil && !i.ExpiresAt.IsZero()", "i.Status.Pending() && !i.ExpiresAt.IsZero()", model},
	{"any step is allowed", "shared/identity/status.go", "!slices.Contains(i.Status.next(), to)", "!slices.Contains(i.Status.next(), to) && false", model},
	{"a lapsed identity is read", "shared/identity/service.go", "err == nil && i.lapsed(s.Time(tenant))", "false", model},
	{"the phone is not proven", "shared/identity/proof.go", "case i.due(ByPhone):", "case false:", model},
	{"the screening is passed over", "shared/identity/proof.go", "case i.dueScreening():", "case false:", model},
	{"codes are sent without end", "shared/identity/verify.go", "if err := sends.check(now); err != nil {", "if err := error(nil); err != nil {", limits},
	{"an expired code proves", "shared/identity/code.go", "case !now.Before(c.Expires):", "case false:", model},
	{"a code bears any number of checks", "shared/identity/code.go", "case c.Checks >= CodeChecks:", "case false:", race},
	{"a code is sent without its message", "shared/store/code.go", "if a.Message != nil {", "if false {", model},
	{"a code is sent uncounted", "shared/store/code.go", "if a.Sends != nil {", "if false {", model},
	{"the claims outlive a lapsed identity", "shared/store/expire.go", "ops = append(ops, claimDeletes(&i, now)...)", "_ = now", model},
	{"the codes outlive a lapsed identity", "shared/store/expire.go", "for _, c := range i.Held.Codes {", "for _, c := range i.Held.Codes[:0] {", model},
	{"the queue forgets what is pending", "shared/store/keys.go", "if i.Status.Pending() && i.Hold == nil {", "if i.Status == identity.Screening && i.Hold == nil {", model},
	{"a change is written over another", "shared/store/identity.go", "return table.Put(s.item(i, body), table.VersionOf(i.Life(), i.Version-1))", "return table.Put(s.item(i, body), table.Exists())", merges},
	{"an identity is removed that left pending", "shared/store/expire.go", "table.Delete(identityKey(i.Tenant, i.ID), unchanged(&i)), mark}", "table.Delete(identityKey(i.Tenant, i.ID), table.Always()), mark}", race},
}

const (
	model  = "-run TestLifeUnderCrashes ./shared/identity"
	limits = "-run TestSendsAreLimited ./shared/identity"
	merges = "-run TestSixtyMergesAtOnce ./shared/blnk"
	race   = "-run TestExpireRacesActivation|TestOneCodeIsUsedOnce|TestGuessing ./shared/identity"
)

func TestEveryMutantOfALifeIsFound(t *testing.T) { found(t, life) }
