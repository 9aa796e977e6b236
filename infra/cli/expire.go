package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"cedula/infra/local/admin"
)

// expireOutput is what a run did, in numbers of identities.
type expireOutput struct {
	Examined  int     `json:"examined"`
	Expired   int     `json:"expired"`
	Skipped   int     `json:"kept"`
	Conflicts int     `json:"conflicts"`
	Failed    int     `json:"failed"`
	Lag       float64 `json:"lagSeconds"`
	Seconds   float64 `json:"seconds"`
	DryRun    bool    `json:"dryRun"`
}

func (c *cli) expire() *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use: "expire", Short: "Remove expired pending identities, as the schedule does", Args: NoArguments,
		Long: "Remove expired pending identities, as the schedule does every 15 minutes.\n" +
			"The command can run alongside the schedule and can be interrupted at any time: the next run continues.",
		Example: c.example("expire --dry-run", "expire"),
	}
	cmd.RunE = c.onRegistry(func(ctx context.Context, r *Registry, _ []string) error {
		return c.runExpire(ctx, r, dryRun, cmd.ErrOrStderr())
	})
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "only count the identities")
	return cmd
}

// runExpire counts first, so that the progress has an end.
func (c *cli) runExpire(ctx context.Context, r *Registry, dryRun bool, progress io.Writer) error {
	start := time.Now()
	done, err := r.Expire(ctx, admin.Expiry{DryRun: true})
	if err == nil && !dryRun && done.Expired > 0 {
		bar := progressbar.NewOptions(done.Expired, progressbar.OptionSetWriter(progress), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetDescription("removing"), progressbar.OptionSetPredictTime(true),
			progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionOnCompletion(func() { _, _ = fmt.Fprintln(progress) }))
		done, err = r.Expire(ctx, admin.Expiry{OnExamined: func() { _ = bar.Add(1) }})
	}
	if done == nil {
		return err
	}
	removed := "removed"
	if dryRun {
		removed = "would be removed"
	}
	took := time.Since(start).Seconds()
	out := expireOutput{done.Examined, done.Expired, done.Skipped, done.Conflicts, done.Failed, done.Lag.Seconds(), took, dryRun}
	return cmp.Or(err, c.print(out, []row{
		{"examined", out.Examined},
		{removed, out.Expired},
		{"kept", out.Skipped},
		{"changed concurrently", out.Conflicts},
		{"failed", out.Failed},
		{"took", fmt.Sprintf("%.1f s", took)},
	}))
}
