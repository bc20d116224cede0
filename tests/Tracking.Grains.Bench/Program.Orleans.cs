Console.Error.WriteLine("This measures grains on the embedded runtime. Build it without -p:ActorRuntime=orleans.");
return 2;
