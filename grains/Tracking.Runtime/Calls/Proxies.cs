using System.Collections.Concurrent;
using System.Reflection;
using System.Reflection.Emit;
using Orleans;
using Orleans.Runtime;

namespace Tracking.Runtime;

/// <summary>
/// Generates, once per grain interface and process, a reference class and one call class per method: fields for the arguments and a method that hands them
/// to the grain. Generated rather than reflected, because every call passes here.
/// </summary>
internal static class Proxies
{
    private static readonly ConcurrentDictionary<Type, Func<EmbeddedSilo, GrainId, GrainReference>> Makers = new();
    private static readonly Lock Gate = new();

    internal static GrainReference Make(Type interfaceType, EmbeddedSilo silo, GrainId id) =>
        Makers.TryGetValue(interfaceType, out var make) ? make(silo, id) : Generate(interfaceType)(silo, id);

    /// <summary>Refuses what cannot be called from afar, with the method's name.</summary>
    /// <exception cref="NotSupportedException">A method is generic, has ref or out parameters, more than one token, or answers no task.</exception>
    internal static void Check(Type interfaceType)
    {
        foreach (var method in MethodsOf(interfaceType))
        {
            var where = $"{interfaceType.FullName}.{method.Name}";
            if (method.IsGenericMethodDefinition) throw new NotSupportedException($"{where} is generic; the embedded runtime calls plain methods only.");
            if (method.GetParameters().Any(parameter => parameter.ParameterType.IsByRef || parameter.ParameterType.IsPointer))
                throw new NotSupportedException($"{where} has a ref or out parameter, which cannot cross a call.");
            if (method.GetParameters().Count(parameter => parameter.ParameterType == typeof(CancellationToken)) > 1)
                throw new NotSupportedException($"{where} takes more than one CancellationToken.");
            if (CallBase(method.ReturnType) is null) throw new NotSupportedException($"{where} answers {method.ReturnType}; a call answers Task, Task<T>, ValueTask or ValueTask<T>.");
            if (method.ReturnType == typeof(void) && !typeof(IGrainObserver).IsAssignableFrom(interfaceType))
                throw new NotSupportedException($"{where} answers nothing; only observers may.");
        }
    }

    private static Func<EmbeddedSilo, GrainId, GrainReference> Generate(Type interfaceType)
    {
        lock (Gate)
        {
            if (Makers.TryGetValue(interfaceType, out var already)) return already;
            if (!interfaceType.IsInterface) throw new ArgumentException($"{interfaceType} is not an interface, so there is no reference of it.");
            Check(interfaceType);

            var assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName($"Tracking.Runtime.Proxies.{interfaceType.Name}"), AssemblyBuilderAccess.Run);
            var module = assembly.DefineDynamicModule("proxies");
            AllowAccess(assembly, module, interfaceType);

            var proxy = module.DefineType($"{interfaceType.Name}_Reference", TypeAttributes.Public | TypeAttributes.Sealed, typeof(GrainReference), [interfaceType]);
            var shapesField = proxy.DefineField("Shapes", typeof(MethodShape[]), FieldAttributes.Public | FieldAttributes.Static);
            DefineConstructor(proxy);

            var methods = MethodsOf(interfaceType);
            for (var i = 0; i < methods.Length; i++)
            {
                var call = DefineCall(module, methods[i], i);
                DefineMethod(proxy, methods[i], i, shapesField, call);
            }

            var type = proxy.CreateType();
            type.GetField("Shapes")!.SetValue(null, Array.ConvertAll(methods, method => new MethodShape(method)));
            return Makers[interfaceType] = MakerOf(type);
        }
    }

    private static MethodInfo[] MethodsOf(Type interfaceType) =>
        [.. interfaceType.GetInterfaces().Prepend(interfaceType).SelectMany(one => one.GetMethods()).Where(method => method.IsAbstract && !method.IsStatic)];

    private static Func<EmbeddedSilo, GrainId, GrainReference> MakerOf(Type proxy)
    {
        var make = new DynamicMethod("Make", typeof(GrainReference), [typeof(EmbeddedSilo), typeof(GrainId)], typeof(Proxies).Module, skipVisibility: true);
        var il = make.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Newobj, proxy.GetConstructors()[0]);
        il.Emit(OpCodes.Ret);
        return make.CreateDelegate<Func<EmbeddedSilo, GrainId, GrainReference>>();
    }

    private static void DefineConstructor(TypeBuilder proxy)
    {
        var constructor = proxy.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, [typeof(EmbeddedSilo), typeof(GrainId)]);
        var il = constructor.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Call, typeof(GrainReference).GetConstructor(BindingFlags.Instance | BindingFlags.NonPublic, [typeof(EmbeddedSilo), typeof(GrainId)])!);
        il.Emit(OpCodes.Ret);
    }

    private readonly record struct CallClass(ConstructorInfo Constructor, FieldInfo[] Fields, Type Base);

    private static CallClass DefineCall(ModuleBuilder module, MethodInfo method, int number)
    {
        var parent = CallBase(method.ReturnType)!;
        var type = module.DefineType($"{method.Name}_Call{number}", TypeAttributes.Public | TypeAttributes.Sealed, parent);
        var parameters = method.GetParameters();
        var fields = new FieldInfo[parameters.Length];
        for (var i = 0; i < parameters.Length; i++) fields[i] = type.DefineField($"a{i}", parameters[i].ParameterType, FieldAttributes.Public);

        var constructor = type.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, [typeof(MethodShape)]);
        var il = constructor.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldarg_1);
        il.Emit(OpCodes.Call, parent.GetConstructor(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic, [typeof(MethodShape)])!);
        il.Emit(OpCodes.Ret);

        var invoke = Override(type, parent.GetMethod("InvokeOn")!, method.ReturnType, [typeof(object)]);
        invoke.Emit(OpCodes.Ldarg_1);
        invoke.Emit(OpCodes.Castclass, method.DeclaringType!);
        foreach (var field in fields)
        {
            invoke.Emit(OpCodes.Ldarg_0);
            invoke.Emit(OpCodes.Ldfld, field);
        }
        invoke.Emit(OpCodes.Callvirt, method);
        invoke.Emit(OpCodes.Ret);

        DefineReplacement(type, [.. fields.Where(field => field.FieldType.IsInterface && typeof(IAddressable).IsAssignableFrom(field.FieldType))],
            nameof(Call.ReferToGrains), [], typeof(ArgumentCodec).GetMethod(nameof(ArgumentCodec.Reference), BindingFlags.Static | BindingFlags.NonPublic)!);
        DefineReplacement(type, [.. fields.Where(field => field.FieldType != typeof(CancellationToken))],
            nameof(Call.CopyArguments), [typeof(ArgumentCodec)], typeof(ArgumentCodec).GetMethod(nameof(ArgumentCodec.Copy))!);

        if (Array.Find(fields, field => field.FieldType == typeof(CancellationToken)) is { } token)
        {
            var property = typeof(Call).GetProperty(nameof(Call.Token))!;
            var get = Override(type, property.GetMethod!, typeof(CancellationToken), []);
            get.Emit(OpCodes.Ldarg_0);
            get.Emit(OpCodes.Ldfld, token);
            get.Emit(OpCodes.Ret);
            var set = Override(type, property.SetMethod!, typeof(void), [typeof(CancellationToken)]);
            set.Emit(OpCodes.Ldarg_0);
            set.Emit(OpCodes.Ldarg_1);
            set.Emit(OpCodes.Stfld, token);
            set.Emit(OpCodes.Ret);
        }

        type.CreateType();
        return new CallClass(constructor, fields, parent);
    }

    /// <summary>Overrides a method of the call that puts <paramref name="replace"/> of each of these arguments in its place.</summary>
    private static void DefineReplacement(TypeBuilder type, FieldInfo[] fields, string name, Type[] parameters, MethodInfo replace)
    {
        if (fields.Length == 0) return;
        var il = Override(type, typeof(Call).GetMethod(name)!, typeof(void), parameters);
        foreach (var field in fields)
        {
            il.Emit(OpCodes.Ldarg_0);
            if (!replace.IsStatic) il.Emit(OpCodes.Ldarg_1);
            il.Emit(OpCodes.Ldarg_0);
            il.Emit(OpCodes.Ldfld, field);
            il.Emit(OpCodes.Call, replace.MakeGenericMethod(field.FieldType));
            il.Emit(OpCodes.Stfld, field);
        }
        il.Emit(OpCodes.Ret);
    }

    private static ILGenerator Override(TypeBuilder type, MethodInfo inherited, Type returns, Type[] parameters)
    {
        var method = type.DefineMethod(inherited.Name, MethodAttributes.Public | MethodAttributes.Virtual | MethodAttributes.HideBySig, returns, parameters);
        type.DefineMethodOverride(method, inherited);
        return method.GetILGenerator();
    }

    private static void DefineMethod(TypeBuilder proxy, MethodInfo method, int number, FieldInfo shapes, CallClass call)
    {
        var parameters = Array.ConvertAll(method.GetParameters(), parameter => parameter.ParameterType);
        var body = proxy.DefineMethod($"{method.DeclaringType!.Name}.{method.Name}",
            MethodAttributes.Private | MethodAttributes.Virtual | MethodAttributes.Final | MethodAttributes.HideBySig | MethodAttributes.NewSlot, method.ReturnType, parameters);
        proxy.DefineMethodOverride(body, method);

        var il = body.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Ldsfld, shapes);
        il.Emit(OpCodes.Ldc_I4, number);
        il.Emit(OpCodes.Ldelem_Ref);
        il.Emit(OpCodes.Newobj, call.Constructor);
        for (var i = 0; i < parameters.Length; i++)
        {
            il.Emit(OpCodes.Dup);
            il.Emit(OpCodes.Ldarg, i + 1);
            il.Emit(OpCodes.Stfld, call.Fields[i]);
        }
        il.Emit(OpCodes.Call, SendOf(call.Base));
        il.Emit(OpCodes.Ret);
    }

    private static MethodInfo SendOf(Type callBase)
    {
        var open = callBase.IsGenericType ? callBase.GetGenericTypeDefinition() : callBase;
        var send = typeof(GrainReference).GetMethods(BindingFlags.Instance | BindingFlags.NonPublic).Single(method => method.Name == "Send"
            && (method.GetParameters()[0].ParameterType is { IsGenericType: true } generic ? generic.GetGenericTypeDefinition() : method.GetParameters()[0].ParameterType) == open);
        return send.IsGenericMethodDefinition ? send.MakeGenericMethod(callBase.GetGenericArguments()) : send;
    }

    private static Type? CallBase(Type answer)
    {
        if (answer == typeof(Task)) return typeof(TaskCall);
        if (answer == typeof(ValueTask)) return typeof(ValueTaskCall);
        if (answer == typeof(void)) return typeof(VoidCall);
        if (!answer.IsGenericType) return null;
        var open = answer.GetGenericTypeDefinition();
        return open == typeof(Task<>) ? typeof(TaskCall<>).MakeGenericType(answer.GetGenericArguments())
            : open == typeof(ValueTask<>) ? typeof(ValueTaskCall<>).MakeGenericType(answer.GetGenericArguments())
            : null;
    }

    /// <summary>Grain interfaces and what they pass may be internal; the runtime honours this attribute by name and skips the access check.</summary>
    private static void AllowAccess(AssemblyBuilder assembly, ModuleBuilder module, Type interfaceType)
    {
        var attribute = module.DefineType("System.Runtime.CompilerServices.IgnoresAccessChecksToAttribute", TypeAttributes.Public | TypeAttributes.Sealed, typeof(Attribute));
        var constructor = attribute.DefineConstructor(MethodAttributes.Public, CallingConventions.Standard, [typeof(string)]);
        var il = constructor.GetILGenerator();
        il.Emit(OpCodes.Ldarg_0);
        il.Emit(OpCodes.Call, typeof(Attribute).GetConstructor(BindingFlags.Instance | BindingFlags.NonPublic, Type.EmptyTypes)!);
        il.Emit(OpCodes.Ret);
        var made = attribute.CreateType().GetConstructors()[0];

        var seen = new HashSet<Type>();
        var names = new HashSet<string> { typeof(Proxies).Assembly.GetName().Name! };
        Visit(interfaceType);
        foreach (var method in MethodsOf(interfaceType))
        {
            Visit(method.DeclaringType!);
            Visit(method.ReturnType);
            foreach (var parameter in method.GetParameters()) Visit(parameter.ParameterType);
        }
        foreach (var name in names) assembly.SetCustomAttribute(new CustomAttributeBuilder(made, [name]));

        void Visit(Type type)
        {
            if (!seen.Add(type)) return;
            if (!type.IsVisible) names.Add(type.Assembly.GetName().Name!);
            if (type.HasElementType) Visit(type.GetElementType()!);
            foreach (var argument in type.GetGenericArguments()) Visit(argument);
        }
    }
}
