package main

import (
	"fmt"
	"os"

	"github.com/joinery-graphql/joinery/internal/localstack"
)

type devCommand struct {
	Dir      string `arg:"" optional:"" help:"Folder with a stack.yaml." default:"examples/hodor"`
	Once     bool   `help:"End after the operations; exit status 0 only if every answer is right."`
	NoJaeger bool   `help:"Don't start Jaeger."`
	Data     string `help:"Keep the embedded Postgres's data in this folder. Without it they are gone at the end." placeholder:"DIR"`
	Cache    string `help:"Folder for logs and built programs." default:".cache/dev" placeholder:"DIR"`
}

// Run starts the local stack and stays until the context ends.
func (c *devCommand) Run(p *program) error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find joinery's own program: %w", err)
	}
	stack, err := localstack.Read(c.Dir)
	if err != nil {
		return err
	}
	return localstack.Run(p.ctx, stack, localstack.Options{
		Joinery: executable, Environ: os.Environ(), Once: c.Once, NoJaeger: c.NoJaeger,
		Data: c.Data, Cache: c.Cache, Stdout: p.stdout, Stderr: p.stderr,
	})
}
