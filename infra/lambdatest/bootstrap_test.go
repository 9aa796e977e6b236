package lambdatest_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Build compiles the command in a folder of the module at root for this machine, with the flags that `make build` uses.
func Build(ctx context.Context, root, folder, out string) error {
	c := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-trimpath",
		"-tags", "lambda.norpc", "-ldflags", "-s -w", "-o", out, "./"+folder)
	c.Dir = root
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", folder, err, text)
	}
	return nil
}

// BuildAll compiles every function of the module at root for this machine into .build/host and returns the
// bootstraps by folder ("conomy/create-identity").
func BuildAll(ctx context.Context, root string) (map[string]string, error) {
	mains, err := filepath.Glob(filepath.Join(root, "functions", "*", "*", "main.go"))
	if err != nil {
		return nil, fmt.Errorf("build: %w", err)
	}
	built := make(map[string]string, len(mains))
	for _, main := range mains {
		operation := filepath.Dir(main)
		folder := filepath.Base(filepath.Dir(operation)) + "/" + filepath.Base(operation)
		built[folder] = filepath.Join(root, ".build", "host", folder, "bootstrap")
		if err := Build(ctx, root, "functions/"+folder, built[folder]); err != nil {
			return nil, err
		}
	}
	return built, nil
}
