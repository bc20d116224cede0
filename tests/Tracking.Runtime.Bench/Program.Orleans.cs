Console.WriteLine("This measures the embedded runtime; build it without -p:ActorRuntime=orleans.");
