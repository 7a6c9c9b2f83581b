package localstack

import (
	"context"
	"fmt"
	"net"
	"strconv"
)

// Where the wanted port is taken, the stack tries the one ten further on, and so on: a second stack whose programs want
// 4000 to 4004 gets 4010 to 4014. They stay below the ports that systems give to outgoing connections, so that none of
// those takes a port in the moment between our release and the program's listening.
const (
	portStep  = 10
	portTries = 100
	anyPort   = 4100 // where the search begins for a program that wants none
)

// ports keeps ports for programs: open until the program takes it over, and locked against other stacks until the end.
// Programs such as Node take a second to listen, in which another stack would find the port free.
type ports struct {
	held    map[string]net.Listener
	unlocks []func()
}

// reserve takes the wanted port on loopback for a program, or the next free one; inUse tells that it isn't the wanted.
func (p *ports) reserve(ctx context.Context, program string, wanted int) (address string, inUse bool, err error) {
	first, step := wanted, portStep
	if wanted == 0 {
		first, step = anyPort, 1
	}
	for try := range portTries {
		listener := p.take(ctx, first+try*step)
		if listener == nil {
			continue
		}
		if p.held == nil {
			p.held = map[string]net.Listener{}
		}
		p.held[program] = listener
		return listener.Addr().String(), wanted != 0 && try > 0, nil
	}
	return "", true, fmt.Errorf("no free port for %s: tried %d from %d", program, portTries, first)
}

// take locks and opens a port; nil where somebody else has it.
func (p *ports) take(ctx context.Context, port int) net.Listener {
	unlock, free := lockPort(port)
	if !free {
		return nil
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		unlock()
		return nil
	}
	p.unlocks = append(p.unlocks, unlock)
	return listener
}

// release lets the program take its port.
func (p *ports) release(program string) {
	if listener := p.held[program]; listener != nil {
		_ = listener.Close()
		delete(p.held, program)
	}
}

// hand gives the listener of a reserved port away.
func (p *ports) hand(program string) net.Listener {
	listener := p.held[program]
	delete(p.held, program)
	return listener
}

// close gives all ports up, when the programs have ended.
func (p *ports) close() {
	for program := range p.held {
		p.release(program)
	}
	for _, unlock := range p.unlocks {
		unlock()
	}
	p.unlocks = nil
}
