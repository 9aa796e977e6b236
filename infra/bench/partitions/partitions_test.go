package partitions_test

import (
	"testing"

	"cedula/infra/bench/partitions"
)

var load = partitions.Load{PerSecond: 10_000, Others: 1000}

func run(t *testing.T, d partitions.Design, l partitions.Load) partitions.Second {
	t.Helper()
	creates, err := d.Second(l, 0)
	if err != nil {
		t.Fatal(err)
	}
	return partitions.NewTable(creates).Run(creates)
}

// TestControl: the model throttles what is known to throttle, or it says
// nothing of what it lets pass.
func TestControl(t *testing.T) {
	if s := run(t, partitions.Naive(), load); s.Share() < 0.85 || s.BigShare() < 0.85 {
		t.Errorf("%+v", s)
	}
}

// TestOurKeys: a list of one shard takes a thousand creates a second, and what it
// cannot take disturbs nobody else; one of eight takes all that comes.
func TestOurKeys(t *testing.T) {
	s := run(t, partitions.Ours(1), load)
	if s.OthersShare() > 0 {
		t.Errorf("other tenants are throttled: %+v", s)
	}
	if taken := s.AskedBig - s.ThrottledBig; taken < 950 || taken > 1000 {
		t.Errorf("the big tenant gets %d creates a second, of which the documents say a thousand", taken)
	}
	if s := run(t, partitions.Ours(1), partitions.Load{PerSecond: 1900, Others: 1000}); s.Throttled > 0 {
		t.Errorf("throttled below a thousand a second and tenant: %+v", s)
	}
	if s := run(t, partitions.Ours(8), load); s.Throttled > 0 {
		t.Errorf("throttled with eight shards: %+v", s)
	}
}
