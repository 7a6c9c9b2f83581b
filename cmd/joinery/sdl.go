package main

import (
	"fmt"

	"github.com/joinery-graphql/joinery"
)

type sdlCommand struct {
	metadataFlags
}

// Run prints the SDL. Environment variables that only handlers need may be missing.
func (c *sdlCommand) Run(p *program) error {
	config, err := c.config(p)
	if err != nil {
		return err
	}
	sdl, err := joinery.SDL(p.ctx, config)
	if err != nil {
		return c.placeError(err)
	}
	_, err = fmt.Fprint(p.stdout, sdl)
	return err
}
